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
  skipped(): number;
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
  const reading = new TopicReading();
  const splits = await binding.open({
    stream: 'numbers',
    rowType: { fields: numberFields },
    eventTimeField: 'n',
    formats: new Map([['json', jsonFormat]]),
    clock: systemClock,
    baseDirectory: '.',
    signal: new AbortController().signal,
    startAt: new Map(),
    addSplit: (split) => reading.begin(split),
    report: (message) => reading.said.push(message),
    onSkipped: (records) => (reading.skippedCount += records),
    ...context,
  });
  for (const split of splits) reading.begin(split);
  return reading;
}

class TopicReading implements Reading {
  readonly numbers = new Map<string, number[]>();
  readonly errors: RecordError[] = [];
  readonly said: string[] = [];
  readonly positions = new Map<string, JsonValue>();
  skippedCount = 0;
  readonly #failures: unknown[] = [];
  readonly #open: { readonly split: SourceSplit; readonly done: Promise<void> }[] = [];
  #isClosed = false;

  begin(split: SourceSplit): void {
    const done = this.#pull(split).catch((error: unknown) => {
      this.#failures.push(error);
    });
    this.#open.push({ split, done });
  }

  async #pull(split: SourceSplit): Promise<void> {
    while (!this.#isClosed) {
      const read = await split.next(1000);
      if (read.kind === 'end') return;
      if (read.kind === 'empty') continue;
      const rows = this.numbers.get(split.id) ?? [];
      for (let row = 0; row < read.batch.rowCount; row++) {
        rows.push(readRow(read.batch.columns, numberFields, row)['n'] as number);
      }
      this.numbers.set(split.id, rows);
      this.errors.push(...read.errors);
      this.positions.set(split.id, read.position);
    }
  }

  skipped(): number {
    return this.skippedCount;
  }

  all(): readonly number[] {
    return [...this.numbers.values()].flat();
  }

  async until(condition: () => boolean, ms = 40_000): Promise<void> {
    const endMs = performance.now() + ms;
    while (!condition()) {
      if (this.#failures.length > 0) throw this.#failures[0];
      if (performance.now() > endMs) {
        const seen = `${this.all().length} rows, said: ${this.said.join('; ')}`;
        throw new Error(`not within ${ms} ms; ${seen}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#open.map(({ split }) => split.close()));
    await Promise.all(this.#open.map(({ done }) => done));
  }
}

/** The numbers from `from` to before `to`. */
export function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
