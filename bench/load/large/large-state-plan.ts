// What the run of `large-state.ts` consists of, the same in each of its processes: every user some
// times over a day, then users at random, then once more each user of the sample, so that the store
// has their rows.
import type { LoadPhase } from '../load-source.ts';
import type { Arguments } from '../measure.ts';
import { eachUser, uniformUsers } from '../zipf.ts';

export interface LargeStatePlan {
  readonly users: number;
  readonly events: number;
  readonly phases: readonly LoadPhase[];
  /** Number of the steady phase's event in which the first process dies. */
  readonly dieAt: number;
  readonly sample: readonly number[];
}

/** Bytes of a user's stored state, measured: so many events of `wideState`. */
const bytesPerUser = 3100;
const perUser = 2;
const sampleSize = 500;
const dayMs = 86_400_000;
const startMs = Date.UTC(2026, 0, 1);

export function planLargeState(args: Arguments): LargeStatePlan {
  const users = Math.round((args.number('gb', 10) * 1e9) / bytesPerUser);
  const steadyEvents = args.number('steady-events', Math.round(users / 2));
  const sample = Array.from({ length: sampleSize }, (_, i) => Math.floor((i * users) / sampleSize));
  const fast = { eventsPerSecond: null };
  const phases: LoadPhase[] = [
    {
      ...fast,
      name: 'fill',
      until: { events: users * perUser },
      startMs,
      stepMs: dayMs / (users * perUser),
      userOf: eachUser(users),
    },
    {
      ...fast,
      name: 'steady',
      until: { events: steadyEvents },
      startMs: startMs + dayMs,
      stepMs: 0.02,
      userOf: uniformUsers(users, 31),
    },
    {
      ...fast,
      name: 'sample',
      until: { events: sampleSize },
      startMs: startMs + dayMs + 2 * Math.ceil(steadyEvents * 0.02),
      stepMs: 1,
      userOf: (index) => sample[index] ?? 0,
    },
  ];
  const events = users * perUser + steadyEvents + sampleSize;
  return { users, events, phases, dieAt: Math.floor(steadyEvents * 0.6), sample };
}
