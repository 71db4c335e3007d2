// Whatever writers do and wherever a reader begins again: every acknowledged record is read once, those
// of a writer in their order. Writers crash in the middle of frames; time passes; segments go.
import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formats } from '../../app/formats.ts';
import { readRow } from '../../columns/read-value.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import type { PushWriter } from '../../ports/push.ts';
import type { SourceSplit } from '../../ports/source.ts';
import { encodeFrame } from './frame.ts';
import { push } from './push.ts';

type Step =
  | { readonly kind: 'append'; readonly writer: number; readonly rows: number }
  | { readonly kind: 'crash'; readonly writer: number; readonly cut: number }
  | { readonly kind: 'read'; readonly rows: number }
  | { readonly kind: 'checkpoint' }
  | { readonly kind: 'restore' }
  | { readonly kind: 'pass'; readonly minutes: number };

const writerNumber = fc.integer({ min: 0, max: 2 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      writer: writerNumber,
      rows: fc.integer({ min: 1, max: 6 }),
    }),
  },
  fc.record({
    kind: fc.constant('crash' as const),
    writer: writerNumber,
    cut: fc.double({ min: 0, max: 0.99, noNaN: true }),
  }),
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      rows: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: 'checkpoint' }) },
  fc.constant<Step>({ kind: 'restore' }),
  fc.record({ kind: fc.constant('pass' as const), minutes: fc.integer({ min: 0, max: 200 }) }),
);

class Machine {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-push-property-'));
  nowMs = Date.UTC(2026, 0, 1);
  readonly acknowledged: number[] = [];
  taken: number[] = [];
  readonly #binding = push({ directory: './log', segmentBytes: 400, retain: '90m' });
  readonly #writers = new Map<number, PushWriter>();
  #split: SourceSplit | null = null;
  #position: JsonValue | undefined;
  #saved: { readonly position: JsonValue | undefined; readonly taken: number }[] = [];
  #next = 0;
  readonly #clock: Clock = {
    nowMs: () => this.nowMs,
    // Segments are looked for at each read.
    monotonicMs: () => (this.#ticks += 1000),
    sleep: () => Promise.resolve(),
  };
  #ticks = 0;

  async append(number: number, rows: number): Promise<void> {
    const writer = this.#writers.get(number) ?? (await this.#open(number));
    const ids = Array.from({ length: rows }, () => this.#next++);
    this.nowMs += 1;
    await writer.append(ids.map(record));
    this.acknowledged.push(...ids);
  }

  async #open(number: number): Promise<PushWriter> {
    const context = { stream: 's', baseDirectory: this.folder, clock: this.#clock };
    const writer = (await this.#binding.openPush?.(context)) as PushWriter;
    this.#writers.set(number, writer);
    return writer;
  }

  /** The writer is gone in the middle of a frame that nobody was told of. */
  async crash(number: number, cut: number): Promise<void> {
    const writer = this.#writers.get(number);
    if (writer === undefined) return;
    const before = this.#sizes();
    await this.append(number, 1);
    this.#writers.delete(number);
    await writer.close();
    const own = [...this.#sizes()].find(([path, size]) => (before.get(path) ?? 0) < size);
    const frame = encodeFrame(this.nowMs, [record(1_000_000).json]);
    const torn = frame.subarray(0, Math.floor(frame.length * cut));
    if (own !== undefined) appendFileSync(own[0], torn);
  }

  #sizes(): ReadonlyMap<string, number> {
    const folder = join(this.folder, 'log/s');
    const paths = readdirSync(folder).map((name) => join(folder, name));
    return new Map(paths.map((path) => [path, statSync(path).size]));
  }

  async read(rowCountMax: number): Promise<boolean> {
    this.#split ??= await this.#openSplit();
    const read = await this.#split.next(rowCountMax);
    if (read.kind !== 'rows') return false;
    for (let row = 0; row < read.batch.rowCount; row++) {
      expect(read.batch.offsets[row]).toBe(this.taken.length);
      this.taken.push(Number(readRow(read.batch.columns, read.batch.fields, row)['n']));
    }
    this.#position = JSON.parse(JSON.stringify(read.position)) as JsonValue;
    return true;
  }

  async #openSplit(): Promise<SourceSplit> {
    const [split] = await this.#binding.open({
      stream: 's',
      rowType: { fields: [{ name: 'n', type: { kind: 'int64' }, nullable: false }] },
      eventTimeField: 'n',
      formats,
      clock: this.#clock,
      baseDirectory: this.folder,
      signal: new AbortController().signal,
      startAt: new Map(this.#position === undefined ? [] : [['push', this.#position]]),
    });
    return split as SourceSplit;
  }

  /** Two checkpoints are retained. */
  checkpoint(): void {
    this.#saved = [...this.#saved, { position: this.#position, taken: this.taken.length }].slice(
      -2,
    );
    this.#split?.retained?.(this.#saved.map(({ position }) => position));
  }

  async restore(): Promise<void> {
    await this.#split?.close();
    this.#split = null;
    // The older of the two that may be restored, or the beginning when there never was one.
    const [saved] = this.#saved;
    // What came after it is no longer what happened.
    this.#saved = saved === undefined ? [] : [saved];
    this.#position = saved?.position;
    this.taken = this.taken.slice(0, saved?.taken ?? 0);
  }

  async drain(): Promise<void> {
    for (let idle = 0; idle < 3; ) idle = (await this.read(7)) ? 0 : idle + 1;
  }

  get hasRemoved(): boolean {
    return existsSync(join(this.folder, 'log/s/removed.json'));
  }

  async close(): Promise<void> {
    await this.#split?.close();
    for (const writer of this.#writers.values()) await writer.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const record = (n: number) => ({
  json: Buffer.from(JSON.stringify({ n })),
  key: null,
  eventTimeMs: 0,
});

async function run(machine: Machine, step: Step): Promise<void> {
  switch (step.kind) {
    case 'append':
      return machine.append(step.writer, step.rows);
    case 'crash':
      return machine.crash(step.writer, step.cut);
    case 'read':
      await machine.read(step.rows);
      return;
    case 'checkpoint':
      return machine.checkpoint();
    case 'restore':
      return machine.restore();
    case 'pass':
      machine.nowMs += step.minutes * 60_000;
  }
}

describe('a log of pushed records', () => {
  it('gives each acknowledged record once, in the order in which it was taken', async () => {
    let removals = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 40 }), async (steps) => {
        const machine = new Machine();
        try {
          for (const step of steps) await run(machine, step);
          await machine.drain();
          expect(machine.taken).toEqual(machine.acknowledged);
          if (machine.hasRemoved) removals += 1;
        } finally {
          await machine.close();
        }
      }),
      { numRuns: 150 },
    );
    expect(removals).toBeGreaterThan(0);
  });
});
