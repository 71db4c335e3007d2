// Reads of one turn become few requests: keys of a view that are asked for twice are read once, and
// views that are asked for by the same keys share a request. A request holds a bounded number of keys,
// and reads of one deadline.
import { systemClock } from '../kernel/clock.ts';
import { type KnownView } from './known-view.ts';
import { jsonOfValue, valueOfJson } from './json-values.ts';
import type { Value } from '../kernel/types/field-type.ts';
import type { Answered, Transport } from './transport.ts';

/** One row of a view as the server has given it; values by name. */
export interface ReadRow {
  readonly values: Readonly<Record<string, Value>>;
  readonly status: Readonly<Record<string, string>>;
  /** By feature, epoch ms; null when there is none. */
  readonly eventTimes: Readonly<Record<string, number | null>>;
  readonly servedAtMs: number;
}

export interface BatchQueue {
  /** One key of a view, as values by name. */
  read(
    view: KnownView,
    key: Readonly<Record<string, unknown>>,
    deadlineMs: number,
  ): Promise<ReadRow>;
}

interface Waiting {
  readonly view: KnownView;
  /** JSON of each column. */
  readonly cells: readonly string[];
  readonly deadlineMs: number;
  resolve(row: ReadRow): void;
  reject(reason: unknown): void;
}

/** Views with the keys that all of them are asked for. */
interface Batch {
  readonly views: KnownView[];
  /** By the text of the key, its cells. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
  readonly deadlineMs: number;
  readonly waiting: Waiting[];
}

const nextTurn = (): Promise<void> => systemClock.turn?.() ?? Promise.resolve();

export function createBatchQueue(transport: Transport, rowsMax: number): BatchQueue {
  let queue: Waiting[] = [];
  const flush = (): void => {
    const taken = queue;
    queue = [];
    for (const batch of batchesOf(taken, rowsMax)) void send(transport, batch);
  };
  return {
    read(view, key, deadlineMs) {
      const cells = view.columns.map((column) => jsonOfValue(column, key[column.name]));
      return new Promise((resolve, reject) => {
        // After the callbacks of this turn, and of promises that are settled already.
        if (queue.length === 0) void nextTurn().then(flush);
        queue.push({ view, cells, deadlineMs, resolve, reject });
      });
    },
  };
}

function batchesOf(waiting: readonly Waiting[], rowsMax: number): readonly Batch[] {
  const byView = Map.groupBy(waiting, ({ view, deadlineMs }) => `${deadlineMs} ${view.name}`);
  const batches = new Map<string, Batch>();
  for (const all of byView.values()) {
    const { view, deadlineMs } = all[0] as Waiting;
    const names = view.columns.map(({ name }) => name).join(',');
    for (const part of parts(all, rowsMax)) {
      const keys = new Map(part.map(({ cells }) => [cells.join(), cells]));
      const shape = `${deadlineMs} ${names} ${[...keys.keys()].join(' ')}`;
      const known = batches.get(shape);
      if (known === undefined)
        batches.set(shape, { views: [view], keys, deadlineMs, waiting: [...part] });
      else {
        if (!known.views.includes(view)) known.views.push(view);
        known.waiting.push(...part);
      }
    }
  }
  return [...batches.values()];
}

function parts<T>(list: readonly T[], size: number): readonly T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
}

async function send(transport: Transport, batch: Batch): Promise<void> {
  try {
    const answered = await transport(requestBody(batch), batch.deadlineMs);
    const rows = new AnsweredRows(batch, answered);
    for (const each of batch.waiting) each.resolve(rows.rowOf(each));
  } catch (error) {
    for (const each of batch.waiting) each.reject(error);
  }
}

function requestBody({ views, keys }: Batch): string {
  const features = views.flatMap((view) => view.features.map(({ name }) => `${view.name}:${name}`));
  const [first] = views;
  const rows = [...keys.values()];
  const columns = (first?.columns ?? []).map(
    ({ name }, i) => `${JSON.stringify(name)}:[${rows.map((cells) => cells[i]).join(',')}]`,
  );
  return (
    `{"features":${JSON.stringify(features)},"full_feature_names":true,` +
    `"instants":"milliseconds","entities":{${columns.join(',')}}}`
  );
}

interface AnswerBody {
  readonly metadata: { readonly feature_names: readonly string[] };
  readonly results: readonly {
    readonly values: readonly unknown[];
    readonly statuses: readonly string[];
    readonly event_timestamps: readonly string[];
  }[];
}

/** Looks rows up in a column-wise answer. */
class AnsweredRows {
  readonly #places: ReadonlyMap<string, number>;
  readonly #rowPlaces: ReadonlyMap<string, number>;
  readonly #body: AnswerBody;
  readonly #servedAtMs: number;

  constructor(batch: Batch, { body, servedAtMs }: Answered) {
    this.#body = body as AnswerBody;
    this.#servedAtMs = servedAtMs;
    const names = this.#body.metadata.feature_names;
    this.#places = new Map(names.map((name, i) => [name, i]));
    this.#rowPlaces = new Map([...batch.keys.keys()].map((key, i) => [key, i]));
  }

  rowOf({ view, cells }: Waiting): ReadRow {
    const row = this.#rowPlaces.get(cells.join()) ?? 0;
    const values: Record<string, Value> = {};
    const status: Record<string, string> = {};
    const eventTimes: Record<string, number | null> = {};
    for (const { name, type } of view.features) {
      const column = this.#body.results[this.#places.get(`${view.name}__${name}`) ?? -1];
      values[name] = valueOfJson(type, column?.values[row]);
      status[name] = column?.statuses[row] ?? 'NOT_FOUND';
      const timeMs = Date.parse(column?.event_timestamps[row] ?? '');
      eventTimes[name] = timeMs > 0 && status[name] !== 'NOT_FOUND' ? timeMs : null;
    }
    return { values, status, eventTimes, servedAtMs: this.#servedAtMs };
  }
}
