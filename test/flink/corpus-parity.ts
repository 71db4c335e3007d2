// The corpus as one plan with the events that it is compared over, and the rows that a real Flink gave
// for it, kept as small files: a line for the columns of a window, and one for each row.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { file } from '../../src/adapters/file/file-source.ts';
import type { ComparedRow } from '../../src/app/flink/parity/compare-rows.ts';
import { type ParityEvents, readEvents } from '../../src/app/flink/parity/parity-events.ts';
import type { ParityCase } from '../../src/app/flink/parity/parity-plan.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import { type Plan, streamOf } from '../../src/plan/plan.ts';
import { corpus } from './corpus.ts';

const recorded = fileURLToPath(new URL('../fixtures/flink-parity/events.jsonl', import.meta.url));
/** Events made up once: those of streams that the recorded ones are not of. */
const madeUp = fileURLToPath(new URL('./fixtures/events/', import.meta.url));
const rowsFolder = new URL('./fixtures/rows/', import.meta.url);

/** Plans of cases as one. */
export function joinedPlan(plans: readonly Plan[]): Plan {
  const [first] = plans;
  if (first === undefined) throw new TypeError('there are no cases');
  const streams = new Map(plans.flatMap((plan) => plan.streams).map((node) => [node.name, node]));
  return { ...first, streams: [...streams.values()], views: plans.flatMap(({ views }) => views) };
}

export const corpusPlan: Plan = joinedPlan(corpus.map(({ plan }) => plan));

/** Where the events of a stream lie. */
export function eventsPath(stream: string): string {
  return stream.endsWith('events') ? recorded : `${madeUp}${stream}.jsonl`;
}

/** The events of all streams that views of a plan read, each as one partition. */
export async function corpusEvents(plan: Plan): Promise<ReadonlyMap<string, ParityEvents>> {
  const names = new Set(plan.views.map((view) => streamOf(plan, view).name));
  const read = plan.streams
    .filter(({ name }) => names.has(name))
    .map(async (stream) => {
      const path = eventsPath(stream.name);
      const source = file(path);
      const random = seededRandom(1);
      const place = { paths: [path], instants: 'ms', baseDirectory: '.' } as const;
      return [stream.name, await readEvents({ stream, source, random, ...place })] as const;
    });
  return new Map(await Promise.all(read));
}

type Kept = Readonly<Record<string, { columns: readonly string[]; rows: readonly ComparedRow[] }>>;

/** Keeps what Flink gave for the windows of a view. */
export function writeFlinkRows(
  view: string,
  windows: readonly { readonly one: ParityCase; readonly rows: readonly ComparedRow[] }[],
): void {
  const kept: Kept = Object.fromEntries(
    windows.map(({ one, rows }) => {
      const text = new Map(rows.map((row) => [row, JSON.stringify(row)]));
      const sorted = rows.toSorted((a, b) => ((text.get(a) ?? '') < (text.get(b) ?? '') ? -1 : 1));
      return [one.group.name, { columns: one.columns.map(({ name }) => name), rows: sorted }];
    }),
  );
  writeFileSync(new URL(`${view}.json.gz`, rowsFolder), gzipSync(toText(kept), { level: 9 }));
}

/** Numbers that JSON does not hold, as text; they come back as numbers where the column's type is one. */
function toText(kept: Kept): string {
  return JSON.stringify(kept, (_name, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value,
  );
}

/** What Flink gave for a window. */
export function readFlinkRows(one: ParityCase): readonly ComparedRow[] {
  const bytes = readFileSync(new URL(`${one.view.name}.json.gz`, rowsFolder));
  const kept = JSON.parse(gunzipSync(bytes).toString(), (_name, value: unknown) =>
    typeof value === 'object' && value !== null && 'number' in value ? Number(value.number) : value,
  ) as Kept;
  const found = kept[one.group.name];
  const columns = one.columns.map(({ name }) => name);
  if (found?.columns.join() !== columns.join()) {
    throw new TypeError(`the rows of ${one.view.name} ${one.group.name} are of another definition`);
  }
  return found.rows;
}
