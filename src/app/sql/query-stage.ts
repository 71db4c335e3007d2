// The stage of a query's job: rows in, rows of SQL out. Views are computed by the engine's own stage;
// around it columns of records that pass through are kept until their row comes out. Each record has
// a number, which travels as its time of arrival: nothing else of a query depends on that.
import { compileProjection } from '../../codegen/compile-projection.ts';
import type { Projection } from '../../codegen/projection.ts';
import type { Batch } from '../../columns/batch.ts';
import { readValue } from '../../columns/read-value.ts';
import { lowerPlan } from '../../engine/lower/lower-plan.ts';
import { LocalViewStage } from '../../engine/task/local-view-stage.ts';
import type { SubtaskSnapshot } from '../../engine/checkpoint/subtask-snapshot.ts';
import type {
  StageOutput,
  StageState,
  ViewStage,
  ViewStageOptions,
} from '../../engine/task/view-stage.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import type { BoundQuery } from '../../sql/bind/bound-query.ts';
import { scalarFields, streamFields } from '../../sql/bind/query-plan.ts';
import { planToJson } from '../../plan/plan-json.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import { readEdges, viewPart, writeEdges } from './edge-state.ts';
import { ResultsFeed } from './results-feed.ts';
import { RowBuilder } from './row-builder.ts';
import { ScalarRows } from './scalar-rows.ts';
import type { SqlRow } from './sql-row.ts';

/** Takes rows in order; a promise when whoever makes them should wait. */
export type WriteRows = (rows: readonly SqlRow[]) => Promise<void>;

export class QueryStage implements ViewStage {
  readonly #query: BoundQuery;
  readonly #write: WriteRows;
  readonly #inner: LocalViewStage;
  readonly #builder: RowBuilder;
  readonly #project: Projection | null;
  readonly #scalars: ScalarRows;
  /** The place of the query in its chain. */
  readonly #depth: number;
  readonly #state: StageState | null;
  /** The query that reads these rows, with what makes records of them. */
  readonly #next: { readonly stage: QueryStage; readonly feed: ResultsFeed } | null;
  /** Of records whose row has not come out. */
  readonly #passed = new Map<number, readonly Value[]>();
  /** Their numbers by where they came from: a late record has no row. */
  readonly #numbers = new Map<string, number>();
  readonly #places = new Map<number, string>();
  #recordCount = 0;
  #rows: SqlRow[] = [];

  /** `queries`: each reads the rows of the one before it; the last one's are written. */
  constructor(
    queries: readonly BoundQuery[],
    write: WriteRows,
    options: ViewStageOptions,
    depth = 0,
  ) {
    const [query, ...readers] = queries as readonly [BoundQuery, ...BoundQuery[]];
    const [reader] = readers;
    this.#query = query;
    this.#write = write;
    this.#next =
      reader === undefined
        ? null
        : {
            stage: new QueryStage(readers, write, options, depth + 1),
            feed: new ResultsFeed(reader),
          };
    this.#builder = new RowBuilder(query, (record) => this.#take(record));
    const { passed: outputs, predicates, table, scalars, plan } = query;
    const own = streamFields(table);
    this.#scalars = new ScalarRows(scalars, own);
    const fields = [...own, ...scalarFields(scalars)];
    this.#fields = fields;
    this.#project =
      outputs.length === 0 ? null : compileProjection({ fields, predicates, outputs });
    const output = this.#innerOutput(options.output);
    this.#depth = depth;
    this.#state = stateOf(options.state, depth);
    const state = this.#state;
    this.#inner = new LocalViewStage({ ...options, plan, stages: lowerPlan(plan), output, state });
  }

  #innerOutput(output: StageOutput): StageOutput {
    return {
      ...output,
      emit: (batch) => {
        this.#rows.push(...this.#builder.rowsOf(batch));
      },
      late: (origin, record) => {
        const place = `${origin.split}:${record.offset}`;
        const number = this.#numbers.get(place);
        if (number !== undefined) this.#take(number);
        output.late(origin, record);
      },
      fail: (origin, error) => output.fail(origin, error),
      drain: () => output.drain(),
    };
  }

  process(stream: number, given: Batch): void {
    const batch = this.#extended(given);
    if (this.#query.kind === 'rows') this.#passRows(batch, null);
    else if (this.#query.kind === 'over') this.#inner.process(stream, this.#numbered(batch));
    else this.#inner.process(stream, batch);
    this.#handOn();
  }

  /** Rows of the query before: those that change keep their kind. */
  #receive(batch: Batch, rows: readonly SqlRow[]): void {
    if (this.#query.kind === 'rows') this.#passRows(this.#extended(batch), rows);
    else this.process(0, batch);
    this.#handOn();
  }

  #extended(batch: Batch): Batch {
    const columns = this.#scalars.extend(batch);
    return columns === batch.columns ? batch : { ...batch, columns, fields: this.#fields };
  }

  #passRows(batch: Batch, from: readonly SqlRow[] | null): void {
    for (const row of this.#selected(batch)) {
      this.#rows.push({ kind: from?.[row]?.kind ?? '+I', values: this.#valuesOf(row) });
    }
  }

  #handOn(): void {
    if (this.#next === null || this.#rows.length === 0) return;
    const rows = this.#rows;
    this.#rows = [];
    this.#next.stage.#receive(this.#next.feed.batchOf(rows), rows);
  }

  /** The batch with the numbers of its records; what passes through is kept. */
  #numbered(batch: Batch): Batch {
    const arrivalTimeMs = new Float64Array(batch.rowCount);
    for (let row = 0; row < batch.rowCount; row++) arrivalTimeMs[row] = this.#recordCount + row;
    for (const row of this.#selected(batch)) {
      const number = this.#recordCount + row;
      this.#keep(number, this.#valuesOf(row), `${batch.split}:${batch.offsets[row]}`);
    }
    this.#recordCount += batch.rowCount;
    return { ...batch, arrivalTimeMs };
  }

  #keep(number: number, values: readonly Value[], place: string): void {
    this.#passed.set(number, values);
    this.#numbers.set(place, number);
    this.#places.set(number, place);
  }

  readonly #fields: Batch['fields'];
  #columns: readonly Parameters<typeof readValue>[0][] = [];

  #selected(batch: Batch): readonly number[] {
    const result = this.#project?.(batch);
    if (result === undefined) return [];
    this.#columns = result.columns;
    const [failure] = result.failures;
    if (failure !== undefined) throw new MillraceError('MR_DATA_OVERFLOW', failure.message);
    return Array.from(result.selected.subarray(0, result.selectedCount));
  }

  #valuesOf(row: number): readonly Value[] {
    return this.#query.passed.map(({ type, nullable }, i) => {
      const column = this.#columns[i];
      return column === undefined ? null : readValue(column, { name: '', type, nullable }, row);
    });
  }

  #take(record: number): readonly Value[] {
    const values = this.#passed.get(record) ?? [];
    this.#passed.delete(record);
    const place = this.#places.get(record);
    if (place !== undefined) this.#numbers.delete(place);
    this.#places.delete(record);
    return values;
  }

  async drain(): Promise<void> {
    if (this.#next !== null) await this.#next.stage.drain();
    else if (this.#rows.length > 0) {
      const rows = this.#rows;
      this.#rows = [];
      await this.#write(rows);
    }
    await this.#inner.drain();
  }

  async finish(): Promise<void> {
    await this.drain();
    await this.#inner.finish();
  }

  advanceWatermark(stream: number, watermarkMs: number): void {
    if (this.#query.kind !== 'rows') this.#inner.advanceWatermark(stream, watermarkMs);
    this.#handOn();
    if (this.#next === null) return;
    this.#next.feed.watermarkMs = watermarkMs;
    this.#next.stage.advanceWatermark(0, watermarkMs);
  }

  advanceIdleTime(stream: number, nowMs: number): void {
    if (this.#query.kind !== 'rows') this.#inner.advanceIdleTime(stream, nowMs);
    this.#handOn();
  }

  async restore(parts: readonly SubtaskSnapshot[], planJson: JsonValue): Promise<void> {
    const own = viewPart(this.#depth);
    const view = parts.filter(({ subtask }) => subtask === own);
    const [edges] = parts.filter(({ subtask }) => subtask === own + 1);
    const given = view.map((part) => ({ ...part, subtask: 0 }));
    const json = JSON.parse(planToJson(this.#query.plan)) as JsonValue;
    if (view.length > 0) await this.#inner.restore(given, json);
    if (edges !== undefined && this.#state !== null) {
      const { groups, passed, recordCount } = readEdges(this.#state.files, edges);
      this.#builder.load(groups);
      this.#recordCount = recordCount;
      for (const [number, values, place] of passed) this.#keep(number, values, place);
    }
    await this.#next?.stage.restore(parts, planJson);
  }

  async snapshot(id: number, aligned: () => Promise<void>): Promise<readonly SubtaskSnapshot[]> {
    const edges = this.#writeEdges(id);
    const gate = Promise.withResolvers<void>();
    const next = this.#next?.stage.snapshot(id, () => gate.promise);
    next?.catch(() => undefined);
    const view = await this.#inner.snapshot(id, async () => {
      await aligned();
      gate.resolve();
    });
    const number = viewPart(this.#depth);
    const own = view.map((part) => ({ ...part, subtask: number }));
    const [first] = own;
    const edge = edges === null || first === undefined ? [] : [edgePart(first, edges)];
    return [...own, ...edge, ...((await next) ?? [])];
  }

  /** What the query keeps beside its view. */
  #writeEdges(id: number): SubtaskSnapshot['head'] | null {
    if (this.#state === null) return null;
    const { files, filePrefix } = this.#state;
    const passed = Array.from(this.#passed, ([number, values]) => {
      return [number, values, this.#places.get(number) ?? ''] as const;
    });
    const name = `${filePrefix}edges-${id}`;
    const groups = this.#builder.save();
    const bytes = writeEdges(files, name, { groups, passed, recordCount: this.#recordCount });
    return { name, bytes };
  }

  abortSnapshot(): void {
    this.#inner.abortSnapshot();
    this.#next?.stage.abortSnapshot();
  }

  release(files: readonly string[]): void {
    this.#inner.release(files);
    this.#next?.stage.release(files);
  }

  work(isIdle?: boolean): boolean {
    const hasWorked = this.#inner.work(isIdle);
    return this.#next?.stage.work(isIdle) === true || hasWorked;
  }

  emitAll(): Promise<void> {
    return this.#inner.emitAll();
  }

  stats(): ReturnType<ViewStage['stats']> {
    return this.#inner.stats();
  }

  async close(): Promise<void> {
    await this.#next?.stage.close();
    await this.#inner.close();
  }
}

/** Files of each query of a chain have names of their own. */
function stateOf(state: StageState | null, depth: number): StageState | null {
  return state === null ? null : { ...state, filePrefix: `${state.filePrefix}q${depth}-` };
}

function edgePart(
  { subtask, keyGroups }: SubtaskSnapshot,
  head: SubtaskSnapshot['head'],
): SubtaskSnapshot {
  return { subtask: subtask + 1, keyGroups, segments: [], added: [], head, views: [] };
}
