// How one life of a job goes: what it is made of, and how much goes wrong. Later lives are calmer,
// so that every case comes to its end.
import type { SourceMood } from './sim-source.ts';
import type { SinkMood } from './sim-sinks.ts';
import type { StorageMood } from './sim-storage.ts';
import type { SimWorld } from './world.ts';

export interface LifeMood {
  readonly parallelism: 1 | 2 | 4;
  /** Of all subtasks; null: all state in memory. */
  readonly memoryBytesMax: number | null;
  readonly segmentBytes: number;
  readonly batchRowCount: number;
  readonly intervalMs: number;
  readonly source: SourceMood;
  readonly sink: SinkMood;
  readonly storage: StorageMood;
  readonly workerLossRate: number;
  readonly workerStepMs: number;
  readonly readErrorRate: number;
  readonly bitFlipRate: number;
  /** The process dies at this step; +∞: it does not. */
  readonly diesAt: number;
  /** With the process goes what was not durable. */
  readonly losesPower: boolean;
  /** It dies in an append to a state file, after so many. */
  readonly diesInAppend: number;
  readonly freezesAt: number;
  readonly diskFullAtMs: number;
  readonly clockJumpAtMs: number;
  /** On another machine than the one before. */
  readonly moves: boolean;
}

/** Lives from this one on have nothing to fear but what is built in. */
const calmFrom = 9;
const never = Number.POSITIVE_INFINITY;

export function lifeMood(world: SimWorld, number: number): LifeMood {
  const isCalm = number >= calmFrom;
  const rate = (probability: number, upTo: number): number => {
    const drawn = world.chance(probability) ? world.next() * upTo : 0;
    return isCalm ? 0 : drawn;
  };
  const at = (probability: number, upTo: number): number => {
    const drawn = world.chance(probability) ? world.next() * upTo : never;
    return isCalm ? never : Math.floor(drawn);
  };
  return {
    parallelism: world.pick([1, 1, 2, 4]),
    memoryBytesMax: world.chance(0.5) ? null : 256 + world.below(8000),
    segmentBytes: world.pick([200, 1000, 10_000, 1 << 20]),
    batchRowCount: 1 + world.below(30),
    intervalMs: world.pick([4, 10, 25, 60]),
    source: {
      burst: 1 + world.below(12),
      pauseRate: world.next() * 0.3,
      failureRate: rate(0.1, 0.05),
    },
    sink: { slowRate: rate(0.3, 0.2), failureRate: rate(0.2, 0.03) },
    storage: {
      refusalRate: rate(0.4, 0.1),
      lostAnswerRate: rate(0.4, 0.1),
      slowRate: rate(0.3, 0.1),
      latencyMs: world.pick([0, 0.5, 3, 10]),
    },
    workerLossRate: rate(0.1, 0.01),
    workerStepMs: world.pick([0, 0.3, 2]),
    readErrorRate: rate(0.1, 0.05),
    bitFlipRate: rate(0.1, 0.05),
    diesAt: at(0.5, world.pick([30, 150, 400])),
    losesPower: world.chance(0.4),
    diesInAppend: at(0.1, 60),
    freezesAt: at(0.12, 150),
    diskFullAtMs: at(0.1, 60),
    clockJumpAtMs: at(0.15, 100),
    moves: world.chance(0.3),
  };
}
