// Reads a topic through its binding, without an engine: what the splits give, in order.
import { readRow } from '../../../src/columns/read-value.ts';
import type { KafkaBinding } from '../../../src/adapters/kafka/index.ts';
import { jsonFormat } from '../../../src/formats/json/json-format.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import type { JsonValue } from '../../../src/kernel/json-value.ts';
import type { Field } from '../../../src/kernel/types/field-type.ts';
import type { RecordError } from '../../../src/ports/dead-letter-sink.ts';
import type { SourceContext, SourceSplit } from '../../../src/ports/source.ts';

/** Records of tests: `{"n":1}`. */
export const numberFields: readonly Field[] = [
  { name: 'n', type: { kind: 'int32' }, nullable: false },
];

/** A topic being read. */
export interface Reading {
  /** `n` of every row so far, by split. */
  readonly numbers: ReadonlyMap<string, readonly number[]>;
  readonly errors: readonly RecordError[];
  /** What was said to people. */
  readonly said: readonly string[];
  readonly positions: ReadonlyMap<string, JsonValue>;
  readonly skipped: () => number;
  /** Numbers of all splits. */
  all(): readonly number[];
  /** Resolves when the condition holds; rejects with what failed a split, or after `ms`. */
  until(condition: () => boolean, ms?: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens the binding and reads every split until closed. */
export async function startReading(
  binding: KafkaBinding,
  context: Partial<SourceContext> = {},
): Promise<Reading> {
  const numbers = new Map<string, number[]>();
  const errors: RecordError[] = [];
  const said: string[] = [];
  const positions = new Map<string, JsonValue>();
  const failures: unknown[] = [];
  const open: { readonly split: SourceSplit; readonly done: Promise<void> }[] = [];
  let skipped = 0;
  let isClosed = false;

  const pull = async (split: SourceSplit): Promise<void> => {
    while (!isClosed) {
      const read = await split.next(1000);
      if (read.kind === 'end') return;
      if (read.kind === 'empty') continue;
      const rows = numbers.get(split.id) ?? [];
      for (let row = 0; row < read.batch.rowCount; row++) {
        rows.push(readRow(read.batch.columns, numberFields, row)['n'] as number);
      }
      numbers.set(split.id, rows);
      errors.push(...read.errors);
      positions.set(split.id, read.position);
    }
  };
  const begin = (split: SourceSplit): void => {
    const done = pull(split).catch((error: unknown) => {
      failures.push(error);
    });
    open.push({ split, done });
  };

  const splits = await binding.open({
    stream: 'numbers',
    rowType: { fields: numberFields },
    eventTimeField: 'n',
    formats: new Map([['json', jsonFormat]]),
    clock: systemClock,
    baseDirectory: '.',
    signal: new AbortController().signal,
    startAt: new Map(),
    addSplit: begin,
    report: (message) => said.push(message),
    onSkipped: (records) => (skipped += records),
    ...context,
  });
  for (const split of splits) begin(split);
  return {
    numbers,
    errors,
    said,
    positions,
    skipped: () => skipped,
    all: () => [...numbers.values()].flat(),
    async until(condition, ms = 20_000) {
      const endMs = performance.now() + ms;
      while (!condition()) {
        if (failures.length > 0) throw failures[0];
        if (performance.now() > endMs) {
          throw new Error(
            `not within ${ms} ms; ${[...numbers.values()].flat().length} rows, said: ${said.join('; ')}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async close() {
      isClosed = true;
      await Promise.all(open.map(({ split }) => split.close()));
      await Promise.all(open.map(({ done }) => done));
    },
  };
}

/** The numbers from `from` to before `to`. */
export function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
