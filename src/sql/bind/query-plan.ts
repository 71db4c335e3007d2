// The plan of a query: the stream of its table, an entity for its key, one view. Names are fixed, so
// that the same query always has the same plan.
import { isKeyKind } from '../../kernel/key-encoding.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { Expression } from '../../plan/expression.ts';
import type { DerivedNode, FeatureNode, KeyPartNode, Plan, RelationNode } from '../../plan/plan.ts';
import { formatType } from '../../kernel/types/field-type.ts';
import { refusal } from '../syntax/sql-error.ts';
import { type BoundQuery, hidden, sourceTable } from './bound-query.ts';
import type { ScalarColumn } from './expressions/scalar-columns.ts';
import { durationOf } from './settings.ts';
import { metadataFields, physicalFields, type SqlTable } from './sql-table.ts';

export interface QueryPlanParts {
  readonly table: SqlTable;
  readonly keys: readonly Expression[];
  readonly predicates: readonly Expression[];
  readonly features: readonly FeatureNode[];
  readonly derived: readonly DerivedNode[];
  readonly emit: 'arrival' | 'watermark';
  readonly scalars: readonly ScalarColumn[];
}

export const inputStream = 'input';
export const queryView = 'query';

export function queryPlan(parts: QueryPlanParts): Plan {
  const { table, predicates, features, derived, emit } = parts;
  const keys = parts.keys.map(keyPart);
  let from: RelationNode = { kind: 'scan', stream: inputStream };
  for (const predicate of predicates) from = { kind: 'filter', input: from, predicate };
  const key = keys.map(({ name, type, nullable }) => ({ name, type, nullable }));
  const entity = { kind: 'entity', name: 'group', key, description: null } as const;
  return {
    kind: 'plan',
    version: 1,
    entities: [entity],
    streams: [
      {
        kind: 'stream',
        name: inputStream,
        uid: `stream:${inputStream}`,
        fields: [...streamFields(table), ...scalarFields(parts.scalars)],
        eventTime: {
          field: rowtimeField(table),
          outOfOrdernessMs: table.rowtime?.delayMs ?? 0,
          idleTimeoutMs: idleTimeoutOf(table),
          maxAheadMs: null,
          maxDriftMs: null,
        },
        idField: null,
        description: null,
      },
    ],
    views: [
      {
        kind: 'view',
        name: queryView,
        uid: `view:${queryView}`,
        entity: entity.name,
        key: keys,
        from,
        features,
        derived,
        emit,
        decayMs: null,
        ttlMs: null,
        freshnessMs: null,
        owner: null,
        description: null,
        tags: [],
      },
    ],
    services: [],
  };
}

function keyPart(value: Expression, i: number): KeyPartNode {
  return { name: keyName(i), type: value.type, nullable: value.nullable, value };
}

export function keyName(i: number): string {
  return `k${i}`;
}

/** A column of the record that passes through. */
export function passedName(i: number): string {
  return `p${i}`;
}

/** Columns that are computed for each record. */
export function scalarFields(scalars: readonly ScalarColumn[]): readonly Field[] {
  return scalars.map(({ name, type }) => ({ name, type: type.field, nullable: true }));
}

/** The plan of a job that only has to read the records of a query. */
export function sourcePlan(query: BoundQuery): Plan {
  const [root = query] = chainOf(query);
  const streams = root.plan.streams.map((stream) => ({
    ...stream,
    fields: streamFields(sourceTable(root)),
  }));
  return { ...root.plan, streams };
}

/** The query that reads the table, and those that read each other's rows, up to this one. */
export function chainOf(query: BoundQuery): readonly BoundQuery[] {
  return query.upstream === null ? [query] : [...chainOf(query.upstream), query];
}

/** Refuses what cannot be grouped by. */
export function checkKey({ type }: Expression, at: number): void {
  if (isKeyKind(type.kind)) return;
  throw refusal(
    at,
    `rows are not grouped by ${formatType(type)}`,
    'group by texts, whole numbers, dates',
  );
}

/** What records hold, and the event time where it is made from that. */
export function streamFields(table: SqlTable): readonly Field[] {
  const given = [...physicalFields(table), ...metadataFields(table)];
  const name = rowtimeField(table);
  if (given.some((field) => field.name === name)) return given;
  return [...given, { name, type: { kind: 'timestamp' }, nullable: false }];
}

export function rowtimeField({ rowtime }: SqlTable): string {
  return rowtime?.column ?? hidden.rowtime;
}

/** `'scan.watermark.idle-timeout' = '30 s'`. */
function idleTimeoutOf({ options }: SqlTable): number | null {
  const option = options.get('scan.watermark.idle-timeout');
  return option === undefined ? null : durationOf(option) || null;
}
