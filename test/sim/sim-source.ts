// A stream's script as a source: bursts, pauses, silence long enough to be idle, reads that fail.
// A split says where to go on after every read, and begins where it is told to.
import type { DecodedBatch } from '../../src/columns/batch.ts';
import { columnForField, ensureRows } from '../../src/columns/column-builder.ts';
import { putValue } from '../../src/columns/put-value.ts';
import { MillraceError } from '../../src/kernel/errors/millrace-error.ts';
import type { JsonValue } from '../../src/kernel/json-value.ts';
import type { RowType } from '../../src/kernel/types/field-type.ts';
import type { Source, SourceSplit, SplitRead } from '../../src/ports/source.ts';
import type { ScriptEntry, StreamScript } from './sim-case.ts';
import type { SimProcess } from './world.ts';

/** How the splits of one life of a job behave. */
export interface SourceMood {
  /** Most entries of a read. */
  readonly burst: number;
  readonly pauseRate: number;
  readonly failureRate: number;
}

export function simSource(script: StreamScript, process: SimProcess, mood: SourceMood): Source {
  return {
    description: `simulated ${script.stream}`,
    bounded: script.bounded,
    open: ({ rowType, startAt }) =>
      process.call(`opens ${script.stream}`, () =>
        [...script.splits].map(([id, entries]) =>
          simSplit({
            id,
            entries,
            script,
            process,
            mood,
            rowType,
            start: startAt?.get(id) ?? null,
          }),
        ),
      ),
  };
}

interface SplitOptions {
  readonly id: string;
  readonly entries: readonly ScriptEntry[];
  readonly script: StreamScript;
  readonly process: SimProcess;
  readonly mood: SourceMood;
  readonly rowType: RowType;
  readonly start: JsonValue;
}

const idleMs = 400;

function simSplit(options: SplitOptions): SourceSplit {
  const { id, entries, script, process, mood, rowType } = options;
  const { world } = process;
  let at = indexOf(options.start, id);
  const name = `${script.stream}/${id}`;
  const nothing = (ms: number): Promise<SplitRead> =>
    process.call(`${name} nothing`, () => ({ kind: 'empty' }), { effectMs: ms });
  return {
    id,
    next(rowCountMax) {
      if (world.chance(mood.failureRate)) {
        world.fault('source read failed', name);
        const failure = (): Error =>
          new MillraceError('MR_FILE_ACCESS', 'the simulated source failed');
        return process.call(`${name} fails`, never, { outcome: () => 'refused', failure });
      }
      if (world.chance(mood.pauseRate)) return pause(script, process, nothing);
      const count = Math.min(rowCountMax, 1 + world.below(mood.burst), entries.length - at);
      const latency = { effectMs: world.chance(0.5) ? 0 : world.next() * 4 };
      if (count <= 0) return process.call(`${name} end`, () => ({ kind: 'end' }), latency);
      const first = at;
      at += count;
      return process.call(
        `${name} ${first}..${first + count}`,
        () => readOf(rowType, entries.slice(first, first + count), { first, split: id }),
        latency,
      );
    },
    close: () => Promise.resolve(),
  };
}

function never(): never {
  throw new Error('a refused operation has no effect');
}

function pause(
  { goesIdle }: StreamScript,
  { world }: SimProcess,
  nothing: (ms: number) => Promise<SplitRead>,
): Promise<SplitRead> {
  if (goesIdle && world.chance(0.5)) {
    world.fault('split idle');
    return nothing(idleMs);
  }
  world.fault('split paused');
  return nothing(world.next() * 60);
}

/** Positions are objects, so that nobody takes them for numbers. */
function indexOf(position: JsonValue, id: string): number {
  if (position === null) return 0;
  const { split, next } = position as { split: string; next: number };
  if (split !== id) throw new Error(`the position of ${split} was given to ${id}`);
  return next;
}

function readOf(
  rowType: RowType,
  entries: readonly ScriptEntry[],
  { first, split }: { readonly first: number; readonly split: string },
): SplitRead {
  const offsets: number[] = [];
  const rows = entries.filter((entry, i) => {
    if (entry.kind === 'row') offsets.push(first + i);
    return entry.kind === 'row';
  });
  const errors = entries.flatMap((entry, i) =>
    entry.kind === 'error' ? [{ ...entry.error, offset: first + i }] : [],
  );
  const batch = decodedBatch(rowType, rows, offsets);
  return { kind: 'rows', batch, errors, position: { split, next: first + entries.length } };
}

function decodedBatch(
  rowType: RowType,
  rows: readonly Extract<ScriptEntry, { kind: 'row' }>[],
  offsets: readonly number[],
): DecodedBatch {
  const columns = rowType.fields.map((field) => {
    const builder = columnForField(field);
    ensureRows(builder, rows.length);
    rows.forEach(({ row }, i) => {
      putValue(builder, field.type, i, row[field.name] ?? null);
    });
    return builder;
  });
  return {
    fields: rowType.fields,
    columns,
    rowCount: rows.length,
    offsets: Float64Array.from(offsets),
  };
}
