// The SQL of every case, to the letter. MILLRACE_UPDATE_GOLDENS=1 writes the texts anew: look at the
// difference before it is committed.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileFlink } from '../../src/flink/compile-flink.ts';
import type { FlinkTables, ViewSinks } from '../../src/flink/flink-tables.ts';
import { printProgram } from '../../src/flink/flink-program.ts';
import type { FlinkProfileName } from '../../src/flink/flink-profile.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { corpus, corpusTables as tables, refusedCorpus } from './corpus.ts';

const folder = new URL('./fixtures/golden/', import.meta.url);
const isUpdate = process.env['MILLRACE_UPDATE_GOLDENS'] === '1';

/** Cases whose text for the older version is kept as well: one of each shape. */
const ofOlderVersion: readonly string[] = [
  'tumbling_minute',
  'hopping_two_minutes',
  'cumulate_day',
  'sessions',
  'every_window',
  'derived_per_group',
  'sensors',
];

function golden(name: string, actual: string): string {
  const path = new URL(name, folder);
  if (isUpdate) writeFileSync(path, actual);
  return existsSync(path) ? readFileSync(path, 'utf8') : '(no golden text)';
}

function check(name: string, profile: FlinkProfileName): void {
  const found = corpus.find((candidate) => candidate.name === name);
  if (found === undefined) throw new TypeError(`no case ${name}`);
  const program = compileFlink({ plan: found.plan, tables, profile });
  expect(program.refusals).toEqual([]);
  const text = printProgram(program);
  expect(text).toBe(golden(`${name}.${profile}.sql`, text));
}

describe('golden SQL', () => {
  it('there are at least sixty cases, each with a name of its own', () => {
    expect(corpus.length).toBeGreaterThanOrEqual(60);
    expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length);
  });

  it.each(corpus.map(({ name }) => name))('%s', (name) => check(name, '2.x'));

  it.each(ofOlderVersion)('%s for 1.20', (name) => check(name, '1.20'));

  it('every golden text belongs to a case', () => {
    const names = [
      ...corpus.map(({ name }) => `${name}.2.x.sql`),
      ...ofOlderVersion.map((name) => `${name}.1.20.sql`),
      'across_windows.online.2.x.sql',
      'refusals.txt',
    ];
    expect(readdirSync(folder).sort()).toEqual([...names].sort());
  });

  it('every refused case says where, why and what instead', () => {
    const lines = refusedCorpus.flatMap(({ name, plan }) => {
      const { refusals } = compileFlink({ plan, tables });
      expect(refusals, name).not.toEqual([]);
      return refusals.map(
        ({ path, reason, alternative }) => `${path}\n  ${reason}\n  instead: ${alternative}\n`,
      );
    });
    const text = lines.join('\n');
    expect(text).toBe(golden('refusals.txt', text));
  });
});

describe('a feature derived from several windows', () => {
  const plan = refusedCorpus.find(({ name }) => name === 'across_windows')?.plan as Plan;
  const rows = { options: { connector: 'kafka', topic: 'rows' } };
  const sinksOf = (sinks: Partial<ViewSinks>): FlinkTables => ({
    ...tables,
    sinks: (view) => ({ ...tables.sinks(view), output: null, log: null, ...sinks }),
  });

  it('is left to whoever merges the rows when they only go to an online store', () => {
    const program = compileFlink({ plan, tables: sinksOf({}) });
    expect(program.refusals).toEqual([]);
    const text = printProgram(program);
    expect(text).not.toContain('share');
    expect(text).toBe(golden('across_windows.online.2.x.sql', text));
  });

  it.each([
    ['an output', { output: rows }, 'rows of its output are not merged'],
    ['a feature log', { log: () => rows }, 'rows of its feature log are not merged'],
    ['no online store', { online: null }, 'bind an online store'],
  ])('is refused with %s', (_, sinks, said) => {
    const { refusals } = compileFlink({ plan, tables: sinksOf(sinks) });
    expect(refusals.map(({ path }) => path)).toEqual(['across_windows.derive.share']);
    expect(refusals.map(({ reason, alternative }) => `${reason}. ${alternative}`)[0]).toContain(
      said,
    );
  });
});

describe('the compiler', () => {
  it('gives the same text for the same plan', () => {
    const [first] = corpus;
    if (first === undefined) throw new TypeError('no cases');
    const text = (): string => printProgram(compileFlink({ plan: first.plan, tables }));
    expect(text()).toBe(text());
  });

  it('leaves a view as it is when another is added', () => {
    const [one, two] = corpus;
    if (one === undefined || two === undefined) throw new TypeError('no cases');
    const both = { ...one.plan, views: [...one.plan.views, ...two.plan.views] };
    const texts = new Set(compileFlink({ plan: both, tables }).statements.map(({ text }) => text));
    for (const { text } of compileFlink({ plan: one.plan, tables }).statements) {
      expect(texts.has(text)).toBe(true);
    }
  });
});
