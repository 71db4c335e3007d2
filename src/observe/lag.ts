// How far a consumer group is behind: records between what it has committed and the end of each
// partition, and the age of the first record that it has not committed. Pure: what was observed goes
// in. A partition without a commit counts from its first record that is still there.

/** One look at a group and the partitions that it reads. */
export interface LagSample {
  readonly group: string;
  readonly atMs: number;
  readonly partitions: readonly PartitionSample[];
}

export interface PartitionSample {
  readonly topic: string;
  readonly partition: number;
  /** Null: nothing was committed. */
  readonly committed: number | null;
  readonly startOffset: number;
  readonly endOffset: number;
  /** When the first record that is not committed was written; null when there is none, or it is not known. */
  readonly nextRecordMs: number | null;
}

/** Thresholds of a lag; what is left out never alarms. */
export interface LagThresholds {
  readonly warnRecords?: number;
  readonly criticalRecords?: number;
  readonly warnSeconds?: number;
  readonly criticalSeconds?: number;
}

/** What thresholds say of a lag. */
export type LagLevel = 'OK' | 'WARN' | 'CRITICAL';

/** How far a group is behind in one partition. */
export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  readonly committed: number | null;
  readonly end: number;
  readonly lag: number;
  /** Age of the first record that is not committed; 0 when there is none, null when it is not known. */
  readonly seconds_behind: number | null;
}

/** How far a group is behind. */
export interface LagReport {
  readonly group: string;
  readonly at_ms: number;
  readonly lag: number;
  /** Of the partition that is furthest behind. */
  readonly seconds_behind: number | null;
  /** Which way it goes; null while there is nothing to compare with. */
  readonly trend: LagTrend | null;
  readonly level: LagLevel;
  /** Records by topic. */
  readonly topics: Readonly<Record<string, number>>;
  readonly partitions: readonly PartitionLag[];
}

/** How the lag changes, per second over the samples that were kept. */
export interface LagTrend {
  readonly direction: 'growing' | 'steady' | 'shrinking';
  readonly lag_per_second: number;
  readonly produced_per_second: number;
  readonly consumed_per_second: number;
  /** When it will have caught up at this pace; null when it will not. */
  readonly drained_in_seconds: number | null;
  readonly over_seconds: number;
}

/** The report on the newest sample; `samples` are of one group, oldest first. */
export function lagReport(samples: readonly LagSample[], thresholds: LagThresholds): LagReport {
  const newest = samples.at(-1);
  if (newest === undefined) throw new RangeError('no sample');
  const partitions = newest.partitions.map((sample) => partitionLag(sample, newest.atMs));
  const topics: Record<string, number> = {};
  for (const { topic, lag } of partitions) topics[topic] = (topics[topic] ?? 0) + lag;
  const lag = partitions.reduce((sum, p) => sum + p.lag, 0);
  const seconds = partitions.flatMap((p) => (p.seconds_behind === null ? [] : [p.seconds_behind]));
  const seconds_behind = seconds.length === 0 ? null : Math.max(...seconds);
  return {
    group: newest.group,
    at_ms: newest.atMs,
    lag,
    seconds_behind,
    trend: trendOf(samples),
    level: levelOf(lag, seconds_behind, thresholds),
    topics,
    partitions,
  };
}

function partitionLag(sample: PartitionSample, atMs: number): PartitionLag {
  const { topic, partition, committed, endOffset, nextRecordMs } = sample;
  const lag = lagOf(sample);
  const behind = nextRecordMs === null ? null : Math.max(0, (atMs - nextRecordMs) / 1000);
  return {
    topic,
    partition,
    committed,
    end: endOffset,
    lag,
    seconds_behind: lag === 0 ? 0 : behind,
  };
}

/** Records before the first one that is still there are gone, not behind. */
function lagOf({ committed, startOffset, endOffset }: PartitionSample): number {
  return Math.max(0, endOffset - Math.max(committed ?? startOffset, startOffset));
}

function levelOf(lag: number, seconds: number | null, limits: LagThresholds): LagLevel {
  const isOver = (records: number | undefined, age: number | undefined): boolean =>
    (records !== undefined && lag >= records) ||
    (age !== undefined && seconds !== null && lag > 0 && seconds >= age);
  if (isOver(limits.criticalRecords, limits.criticalSeconds)) return 'CRITICAL';
  return isOver(limits.warnRecords, limits.warnSeconds) ? 'WARN' : 'OK';
}

/** Of a change smaller than this share of what is produced nothing is said. */
const steadyShare = 0.02;

function trendOf(samples: readonly LagSample[]): LagTrend | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return null;
  const seconds = (last.atMs - first.atMs) / 1000;
  const before = new Map(first.partitions.map((p) => [`${p.topic} ${p.partition}`, p]));
  let lag = 0;
  let produced = 0;
  for (const now of last.partitions) {
    const then = before.get(`${now.topic} ${now.partition}`);
    // A partition that is new has all of its records in this time.
    lag += lagOf(now) - (then === undefined ? 0 : lagOf(then));
    produced += now.endOffset - (then?.endOffset ?? now.startOffset);
  }
  const total = last.partitions.reduce((sum, p) => sum + lagOf(p), 0);
  const rate = lag / seconds;
  const isSteady = Math.abs(lag) <= Math.max(1, produced * steadyShare);
  return {
    direction: isSteady ? 'steady' : lag > 0 ? 'growing' : 'shrinking',
    lag_per_second: rate,
    produced_per_second: produced / seconds,
    consumed_per_second: (produced - lag) / seconds,
    drained_in_seconds: total === 0 ? 0 : rate < 0 && !isSteady ? total / -rate : null,
    over_seconds: seconds,
  };
}
