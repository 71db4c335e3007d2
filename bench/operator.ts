// The view operator alone: rows per second on generated columns, jobs J1 to J4, one thread.
// Run: node --conditions=millrace-src bench/operator.ts [job …] [--events N] [--emit arrival|watermark]
import type { Batch } from '../src/columns/batch.ts';
import type { Column } from '../src/columns/column.ts';
import { ViewOperator } from '../src/engine/operators/view-operator.ts';
import { seededRandom } from '../src/kernel/random.ts';
import type { Field } from '../src/kernel/types/field-type.ts';
import type { Expression } from '../src/plan/expression.ts';
import type { EmitMode, FeatureNode, Plan } from '../src/plan/plan.ts';
import type { WindowNode } from '../src/plan/window.ts';
import {
  callNode,
  columnNode,
  featureNode,
  literalNode,
  singleViewPlan,
} from '../src/testing/plan-nodes.ts';

const userId: Field = { name: 'user_id', type: { kind: 'string' }, nullable: false };
const eventType: Field = { name: 'event_type', type: { kind: 'string' }, nullable: false };
const amount: Field = { name: 'amount', type: { kind: 'float64' }, nullable: false };
const category: Field = { name: 'category', type: { kind: 'string' }, nullable: false };
const ts: Field = { name: 'ts', type: { kind: 'timestamp' }, nullable: false };
const fields = [userId, eventType, amount, category, ts];

const batchRows = 8192;
const users = 100_000;
const spanMs = 2 * 3_600_000;
const outOfOrdernessMs = 5000;
const types = ['view', 'click', 'cart', 'purchase', 'refund'];
const string = { kind: 'string' } as const;

const rolling: WindowNode = { kind: 'rolling', sizeMs: 3_600_000, resolutionMs: null };
const windowRest = { offsetMs: 0, serve: 'complete', allowedLatenessMs: 0 } as const;

const isType = (type: string): Expression =>
  callNode('eq', columnNode(eventType), literalNode(type, string));

interface Job {
  readonly features: readonly FeatureNode[];
  readonly predicate?: Expression;
}

const jobs: Readonly<Record<string, Job>> = {
  J1: {
    predicate: isType('purchase'),
    features: ['count', 'sum'].map((fn) =>
      featureNode(fn, {
        fn: fn as 'count' | 'sum',
        input: fn === 'count' ? null : columnNode(amount),
        window: { kind: 'tumbling', sizeMs: 300_000, ...windowRest },
      }),
    ),
  },
  J2: {
    features: [
      featureNode('count', { fn: 'count', window: rolling }),
      featureNode('sum', { fn: 'sum', input: columnNode(amount), window: rolling }),
      featureNode('max', { fn: 'max', input: columnNode(amount), window: rolling }),
    ],
  },
  J3: {
    features: (['count', 'sum', 'countDistinct'] as const).map((fn) =>
      featureNode(fn, {
        fn,
        input: fn === 'count' ? null : columnNode(fn === 'sum' ? amount : category),
        window: { kind: 'hopping', sizeMs: 3_600_000, everyMs: 600_000, ...windowRest },
      }),
    ),
  },
  J4: {
    features: [
      featureNode('count', { fn: 'count', window: rolling }),
      ...(['sum', 'avg', 'min', 'max'] as const).map((fn) =>
        featureNode(fn, { fn, input: columnNode(amount), window: rolling }),
      ),
      ...types.map((type) =>
        featureNode(`sum_${type}`, {
          fn: 'sum',
          input: columnNode(amount),
          where: isType(type),
          window: rolling,
        }),
      ),
    ],
  },
};

/** All events as batches, made before the clock starts. */
function generate(eventCount: number): Batch[] {
  const seeded = seededRandom(7);
  const random = (): number => seeded.next();
  const batches: Batch[] = [];
  const encoder = new TextEncoder();
  const texts = (list: readonly string[]) => list.map((text) => encoder.encode(text));
  const typeBytes = texts(types);
  const categoryBytes = texts(Array.from({ length: 40 }, (_, i) => `category-${i}`));
  const userBytes = texts(Array.from({ length: users }, (_, i) => `user-${i}`));
  let greatest = Number.NEGATIVE_INFINITY;
  for (let first = 0; first < eventCount; first += batchRows) {
    const rowCount = Math.min(batchRows, eventCount - first);
    const pick = (bytes: readonly Uint8Array[]) =>
      bytesColumn(Array.from({ length: rowCount }, () => bytes[(random() * bytes.length) | 0]));
    const eventTimeMs = new Float64Array(rowCount);
    const watermarkMs = new Float64Array(rowCount);
    const amounts = new Float64Array(rowCount);
    for (let i = 0; i < rowCount; i++) {
      watermarkMs[i] = greatest - outOfOrdernessMs;
      const on = 1_700_000_000_000 + Math.floor(((first + i) / eventCount) * spanMs);
      eventTimeMs[i] = on - (random() < 0.2 ? Math.floor(random() * 4000) : 0);
      greatest = Math.max(greatest, eventTimeMs[i] as number);
      amounts[i] = Math.round(random() * 50_000) / 100;
    }
    const nulls = new Uint8Array(rowCount);
    const columns: Column[] = [
      pick(userBytes),
      pick(typeBytes),
      { kind: 'float64', nulls, values: amounts },
      pick(categoryBytes),
      { kind: 'float64', nulls, values: eventTimeMs },
    ];
    const offsets = eventTimeMs.map((_, i) => first + i);
    const arrivalTimeMs = eventTimeMs;
    const times = { eventTimeMs, arrivalTimeMs, watermarkMs, offsets };
    batches.push({ fields, columns, rowCount, split: 0, ...times });
  }
  return batches;
}

function bytesColumn(values: readonly (Uint8Array | undefined)[]): Column {
  const data = Buffer.concat(values.map((value) => value ?? new Uint8Array(0)));
  const starts = new Int32Array(values.length);
  const ends = new Int32Array(values.length);
  let at = 0;
  for (const [i, value] of values.entries()) {
    starts[i] = at;
    at += value?.length ?? 0;
    ends[i] = at;
  }
  return { kind: 'bytes', nulls: new Uint8Array(values.length), data, starts, ends };
}

function run(name: string, job: Job, batches: readonly Batch[], emit: EmitMode): void {
  const plan: Plan = singleViewPlan({
    fields,
    eventTime: { field: 'ts', outOfOrdernessMs },
    key: ['user_id'],
    predicate: job.predicate ?? null,
    features: job.features,
    emit,
    decayMs: 'default',
  });
  const view = plan.views[0];
  if (view === undefined) throw new Error('no view');
  let rowsOut = 0;
  const operator = new ViewOperator({
    plan,
    view,
    context: {
      emit: (batch) => {
        rowsOut += batch.rowCount;
      },
      late: () => {},
      fail: () => {},
    },
  });
  const start = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  for (const batch of batches) operator.processBatch(batch);
  const streamed = Number(process.hrtime.bigint() - start) / 1e9;
  const { user, system } = process.cpuUsage(cpu);
  operator.advanceWatermark(Number.POSITIVE_INFINITY);
  const rows = batches.reduce((sum, batch) => sum + batch.rowCount, 0);
  const { entities, lateRecords } = operator.stats();
  const rss = Math.round(process.memoryUsage().rss / 2 ** 20);
  const rate = Math.round(rows / streamed / 1000);
  const cpuRate = Math.round(rows / ((user + system) / 1e6) / 1000);
  console.log(
    `${name} ${emit}: ${rate} k rows/s, ${cpuRate} k per CPU-second (${rows} in, ${rowsOut} out, ${entities} keys, ` +
      `${lateRecords} late, ${rss} MiB)`,
  );
}

const args = process.argv.slice(2);
const option = (name: string): string | undefined => args[args.indexOf(name) + 1 || args.length];
const eventCount = Number(option('--events') ?? 1_000_000);
const emits = (option('--emit')?.split(',') ?? ['watermark']) as EmitMode[];
const chosen = args.filter((arg) => arg in jobs);
const batches = generate(eventCount);
for (const [name, job] of Object.entries(jobs)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  for (const emit of emits) run(name, job, batches, emit);
}
