// What the engine is to reach, one row a target: the figure to accept, what was measured and how, and
// what bounds it. A figure may be missing: then its program did not run, or failed.

/** Figures by the program that measured them; each is what it printed as JSON. */
export interface Measured {
  readonly builtin: Figures | null;
  readonly shop: Figures | null;
  /** The same with two workers. */
  readonly shopThreads: Figures | null;
  readonly slots: Figures | null;
  readonly checkpointed: Figures | null;
  readonly tenMillion: Figures | null;
  readonly inMemory: Figures | null;
  readonly onDisk: Figures | null;
  readonly large: Figures | null;
  readonly parallel: Figures | null;
  /** The kept run of `bench/flink.ts --from file`, which needs a Flink. */
  readonly flink: Figures | null;
}

export type Figures = Readonly<Record<string, unknown>>;

export interface TargetRow {
  readonly target: string;
  readonly floor: number;
  readonly unit: string;
  readonly isLessBetter: boolean;
  readonly measured: number | null;
  /** Above 1: better than the floor. */
  readonly ratio: number | null;
  readonly how: string;
  readonly bounds: string;
}

type Target = Omit<TargetRow, 'measured' | 'ratio'> & {
  readonly of: (measured: Measured) => number | null;
};

/** The number at a path such as `phases.paced.latency.p99_ms`; lists are searched by phase or name. */
export function figure(from: unknown, path: string): number | null {
  let at: unknown = from;
  for (const name of path.split('.')) {
    if (Array.isArray(at)) {
      at = at.find((item: Figures) => item['phase'] === name || item['name'] === name);
    } else if (typeof at === 'object' && at !== null) at = (at as Figures)[name];
    else return null;
  }
  return typeof at === 'number' && Number.isFinite(at) ? at : null;
}

function quotient(a: number | null, b: number | null): number | null {
  return a === null || b === null || b === 0 ? null : a / b;
}

const million = 1e6;

/** Of events per CPU-second, ours in one run to Flink's better parallelism. */
function flinkRatio(flink: unknown, job: string, theirs: 'heap' | 'rocksdb', ours: string) {
  const { ratios = [] } = (flink ?? {}) as { readonly ratios?: readonly Figures[] };
  const own = ratios
    .filter((ratio) => ratio['job'] === job && ratio['ours'] === ours)
    .filter((ratio) => String(ratio['flink']).startsWith(theirs))
    .map((ratio) => Number(ratio['per_cpu_second']));
  return own.length === 0 ? null : Math.min(...own);
}

function parallelRatio(parallel: unknown, job: string): number | null {
  const { results = [] } = (parallel ?? {}) as { readonly results?: readonly Figures[] };
  return figure(
    results.find((result) => result['job'] === job && result['parallelism'] === 2),
    'ratio',
  );
}

const againstFlink = 'the same file of JSON lines in one run, kept in flink-file-….json';

export const targets: readonly Target[] = [
  {
    target: 'J2 from JSON, one thread, in memory',
    floor: 0.8,
    unit: 'M events/s',
    isLessBetter: false,
    of: ({ builtin }) => quotient(figure(builtin, 'runs.j2.events_per_second'), million),
    how: 'file of 1 M events, 100,000 keys, sink that forgets',
    bounds: 'memory latency of keys, then decoding',
  },
  {
    target: 'J2 against hand-written Node',
    floor: 1,
    unit: '× per CPU-second',
    isLessBetter: false,
    of: ({ builtin }) => figure(builtin, 'runs.j2.ratio_to_hand_written'),
    how: 'same file, same run',
    bounds: 'JSON.parse in the peer',
  },
  {
    target: 'event to servable at 1,000 events/s, p99',
    floor: 15,
    unit: 'ms',
    isLessBetter: true,
    of: ({ builtin }) => figure(builtin, 'runs.j2 event to readable at 1000/s.p99_ms'),
    how: 'open loop, JSON in process, embedded store',
    bounds: 'timer of 1 ms, one transaction a batch',
  },
  {
    target: 'ShopCore: 50 features, two workers',
    floor: 80,
    unit: 'k events/s',
    isLessBetter: false,
    of: ({ shopThreads }) =>
      quotient(figure(shopThreads, 'phases.saturated.events_per_second'), 1000),
    how: 'saturated, Zipf 0.99, every event a row in the embedded store, both cores',
    bounds: 'both cores; the store (LMDB) is written by the thread that reads',
  },
  {
    target: 'ShopCore, two workers: p99 at half load',
    floor: 85,
    unit: 'ms',
    isLessBetter: true,
    of: ({ shopThreads }) => figure(shopThreads, 'phases.paced.latency.p99_ms'),
    how: 'open loop, intended time to row readable, a checkpoint every 10 s',
    bounds: 'small batches cost twice as much, so that snapshots beside them fill both cores',
  },
  {
    target: 'ShopCore: 50 features, one thread',
    floor: 80,
    unit: 'k events/s',
    isLessBetter: false,
    of: ({ shop }) => quotient(figure(shop, 'phases.saturated.events_per_second'), 1000),
    how: 'saturated, Zipf 0.99, every event a row in the embedded store',
    bounds: 'the store (LMDB): a page a row; then images of keys that come and go',
  },
  {
    target: 'ShopCore, one thread: p99 at half load',
    floor: 85,
    unit: 'ms',
    isLessBetter: true,
    of: ({ shop }) => figure(shop, 'phases.paced.latency.p99_ms'),
    how: 'open loop, intended time to row readable',
    bounds: 'garbage collection, other programs on the two cores',
  },
  {
    target: 'ShopCore: resident memory without pages of files',
    floor: 4,
    unit: 'GB',
    isLessBetter: true,
    of: ({ shop, shopThreads }) =>
      quotient(
        figure(shopThreads, 'phases.saturated.anon_mb') ?? figure(shop, 'phases.saturated.anon_mb'),
        1024,
      ),
    how: 'RssAnon at the end of the saturated phase, disk backend, two workers',
    bounds: 'the budget of the state backend',
  },
  {
    target: 'rolling with resolution: bytes against the slots’ own',
    floor: 1.2,
    unit: '×',
    isLessBetter: true,
    of: ({ slots }) => figure(slots, 'ratio'),
    how: 'count, sum, max over 60 slots, heap and buffers',
    bounds: 'heads of key and window, 64 slots for 61',
  },
  {
    target: 'pause by checkpoints, 1 M keys, p99',
    floor: 50,
    unit: 'ms',
    isLessBetter: true,
    of: ({ checkpointed }) => figure(checkpointed, 'pauses.pause_p99_ms'),
    how: 'J2 saturated, a checkpoint every 10 s, gaps between batches less the median',
    bounds: 'images are written in steps of up to 20 ms',
  },
  {
    target: 'pause by checkpoints, 10 M keys, p99',
    floor: 50,
    unit: 'ms',
    isLessBetter: true,
    of: ({ tenMillion }) => figure(tenMillion, 'pauses.pause_p99_ms'),
    how: 'the same with ten million keys, of which each checkpoint finds one to five million changed',
    bounds: 'images are written in steps of up to 20 ms',
  },
  {
    target: 'longest stop at a barrier, 1 M keys',
    floor: 50,
    unit: 'ms',
    isLessBetter: true,
    of: ({ checkpointed }) => figure(checkpointed, 'checkpoints.stop_max_ms'),
    how: 'the same run, by the engine’s own watch; 10,000 records wait for the watermark',
    bounds: 'records that wait are written at the barrier',
  },
  {
    target: 'disk with 10 % of the keys in memory against memory',
    floor: 0.35,
    unit: '×',
    isLessBetter: false,
    of: ({ inMemory, onDisk }) =>
      quotient(figure(onDisk, 'events_per_cpu_second'), figure(inMemory, 'events_per_cpu_second')),
    how: 'J2, 1 M keys, Zipf 0.99, events per CPU-second over the same events (onDisk.resident_share)',
    bounds: 'reading and writing images of keys that are not in memory',
  },
  {
    target: 'restore of large state until half of the rate',
    floor: 30,
    unit: 's',
    isLessBetter: true,
    of: ({ large }) => quotient(figure(large, 'restored.half_rate_ms'), 1000),
    how: 'process limited to 2 GB, killed, started again (size in large.state_files_gb)',
    bounds: 'reading the index of the segments',
  },
  {
    target: 'J1 against Flink, state on the heap',
    floor: 3,
    unit: '× per CPU-second',
    isLessBetter: false,
    of: ({ flink }) => flinkRatio(flink, 'j1', 'heap', 'memory'),
    how: againstFlink,
    bounds: 'timers and the firing of windows, then decoding',
  },
  {
    target: 'J2 against Flink, state on the heap',
    floor: 10,
    unit: '× per CPU-second',
    isLessBetter: false,
    of: ({ flink }) => flinkRatio(flink, 'j2', 'heap', 'memory'),
    how: againstFlink,
    bounds: 'memory latency of keys, then decoding',
  },
  {
    target: 'J3 against Flink, state on the heap',
    floor: 3,
    unit: '× per CPU-second',
    isLessBetter: false,
    of: ({ flink }) => flinkRatio(flink, 'j3', 'heap', 'memory'),
    how: againstFlink,
    bounds: 'merging panes at each hop of each key',
  },
  {
    target: 'J4 against Flink, state on the heap',
    floor: 10,
    unit: '× per CPU-second',
    isLessBetter: false,
    of: ({ flink }) => flinkRatio(flink, 'j4', 'heap', 'memory'),
    how: againstFlink,
    bounds: 'memory latency of keys',
  },
  {
    target: 'J2 against Flink, RocksDB and checkpoints',
    floor: 8,
    unit: '× per CPU-second',
    isLessBetter: false,
    of: ({ flink }) => flinkRatio(flink, 'j2-durable', 'rocksdb', 'disk'),
    how: againstFlink,
    bounds: 'images of keys that come and go',
  },
  {
    target: 'parallelism 2 against 1, J2',
    floor: 1.6,
    unit: '× events/s',
    isLessBetter: false,
    of: ({ parallel }) => parallelRatio(parallel, 'j2'),
    how: 'median of rounds of neighbours; three threads share two cores',
    bounds: 'one thread reads and decodes; caches that are shared',
  },
  {
    target: 'parallelism 2 against 1, J3',
    floor: 1.6,
    unit: '× events/s',
    isLessBetter: false,
    of: ({ parallel }) => parallelRatio(parallel, 'j3'),
    how: 'median of rounds of neighbours; three threads share two cores',
    bounds: 'one thread reads and decodes',
  },
  {
    target: 'parallelism 2 against 1, ShopCore',
    floor: 1.6,
    unit: '× events/s',
    isLessBetter: false,
    of: ({ parallel }) => parallelRatio(parallel, 'shop_core'),
    how: 'median of rounds of neighbours; three threads share two cores',
    bounds: 'one thread reads and decodes',
  },
];

export function targetRows(measured: Measured): TargetRow[] {
  return targets.map(({ of, ...target }) => {
    const value = of(measured);
    const ratio = target.isLessBetter
      ? quotient(target.floor, value)
      : quotient(value, target.floor);
    return { ...target, measured: value, ratio };
  });
}

/** Columns of text, numbers on the right. */
export function formatTargets(rows: readonly TargetRow[]): string {
  const lines = rows.map(({ target, floor, unit, isLessBetter, measured, ratio, bounds }) => [
    target,
    `${isLessBetter ? '≤' : '≥'} ${floor} ${unit}`,
    measured === null ? 'not measured' : String(Number(measured.toPrecision(3))),
    ratio === null ? '' : ratio.toFixed(2),
    bounds,
  ]);
  const all = [['', 'floor', 'measured', 'ratio', 'bounded by'], ...lines];
  const widths = [0, 1, 2, 3, 4].map((c) => Math.max(...all.map((line) => line[c]?.length ?? 0)));
  return all
    .map((line) =>
      line
        .map((cell, c) => cell.padEnd(widths[c] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
