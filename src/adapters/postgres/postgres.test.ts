import { describe, expect, it } from 'vitest';
import type { StoredView } from '../../ports/stored-view.ts';
import { postgresError } from './postgres-pool.ts';
import { postgres } from './postgres.ts';
import { upsertSql } from './upsert.ts';
import { createTableSql, timestampText, viewTable } from './view-table.ts';

const view: StoredView = {
  view: 'spend',
  key: [{ name: '_row', type: { kind: 'int64' }, nullable: false }],
  features: [
    { name: 'total "x"', type: { kind: 'decimal', precision: 10, scale: 2 }, nullable: true },
    { name: 'as_of', type: { kind: 'list', item: { kind: 'string' } }, nullable: true },
    { name: `long_${'é'.repeat(60)}`, type: { kind: 'float32' }, nullable: true },
    { name: `long_${'é'.repeat(61)}`, type: { kind: 'bool' }, nullable: true },
  ],
  fingerprint: 'f',
};
const place = { schema: 'millrace', project: 'my-shop', variant: 'next' };

describe('the table of a view', () => {
  it('has a column for everything, whatever it is called', () => {
    const table = viewTable(place, view);
    expect(table.name).toBe('"millrace"."my_shop__next__spend"');
    const names = table.columns.map(({ name }) => name);
    expect(names.slice(0, 3)).toEqual(['_row_2', 'total "x"', 'as_of_2']);
    expect(new Set(names).size).toBe(5);
    expect(names.every((name) => Buffer.byteLength(name) <= 63)).toBe(true);
    expect(createTableSql(table)).toContain('"total ""x""" numeric(10,2), "as_of_2" json');
  });

  it('is written by one statement that compares versions', () => {
    const sql = upsertSql(viewTable(place, { ...view, features: view.features.slice(0, 1) }));
    expect(sql).toBe(
      [
        'INSERT INTO "millrace"."my_shop__next__spend" AS t (_id, _key, "_row_2", "total ""x""", event_time, as_of, _as_of_ms, _seq, _row)',
        'SELECT u.i, u.k, u.c0::bigint, u.c1::numeric(10,2), u.e::timestamptz, u.a::timestamptz, u.m, u.s, u.r',
        'FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::float8[], $8::float8[], $9::bytea[]) AS u(i, k, c0, c1, e, a, m, s, r)',
        'ON CONFLICT (_id) DO UPDATE SET _key = excluded._key, "_row_2" = excluded."_row_2", "total ""x""" = excluded."total ""x""", event_time = excluded.event_time, as_of = excluded.as_of, _as_of_ms = excluded._as_of_ms, _seq = excluded._seq, _row = excluded._row, _written_at = clock_timestamp(), _xid = pg_current_xact_id()',
        'WHERE (t._as_of_ms, t._seq) < (excluded._as_of_ms, excluded._seq)',
      ].join(' '),
    );
  });

  it('takes instants of any year', () => {
    expect(timestampText(0)).toBe('1970-01-01T00:00:00.000Z');
    expect(timestampText(Date.UTC(-43, 2, 15))).toBe('0044-03-15T00:00:00.000Z BC');
    expect([timestampText(8.64e15), timestampText(-8.64e15), timestampText(Number.NaN)]).toEqual([
      'infinity',
      '-infinity',
      '-infinity',
    ]);
  });
});

describe('options of postgres', () => {
  it('are refused with what to write instead', () => {
    const refused = (url: string, options: object): unknown => {
      try {
        return postgres(url, options);
      } catch (error) {
        return (error as Error).message;
      }
    };
    const url = 'postgres://me:secret@db:5432/features';
    expect(postgres(url).description).toBe('postgres db:5432/features');
    expect(refused(url, { shema: 'x' })).toBe('postgres(…) has no option "shema"');
    expect(refused(url, { schema: 'a; drop' })).toBe('"a; drop" cannot be a schema');
    expect(refused(url, { readTimeout: 'soon' })).toBe('readTimeout is "soon"');
    expect(refused(url, { connectionsMax: 0 })).toBe('connectionsMax is 0');
    expect(refused('redis://db', {})).toBe('the address of a Postgres must be a URL');
  });
});

it('errors of the server are sorted into what passes and what does not', () => {
  const of = (code: string): string =>
    postgresError(Object.assign(new Error('no'), { code }), 'db').code;
  expect(['ECONNREFUSED', '57P03', '53300', '40P01', ''].map(of)).toEqual(
    Array.from({ length: 5 }, () => 'MR_STORE_AWAY'),
  );
  expect([of('53100'), of('42501'), of('28P01')]).toEqual([
    'MR_STORE_FULL',
    'MR_STORE_OPEN',
    'MR_STORE_OPEN',
  ]);
});
