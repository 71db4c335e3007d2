import { describe, expect, it } from 'vitest';
import {
  checkpointEnded,
  checkpointStarted,
  decideTrigger,
  firstTrigger,
  type TriggerState,
} from './decide-trigger.ts';

const options = { intervalMs: 60, minPauseMs: 20, timeoutMs: 300, failuresTolerated: 2 };

function decided(state: TriggerState, nowMs: number): string {
  const decision = decideTrigger(options, state, nowMs);
  return decision.kind === 'wait' ? `wait ${decision.untilMs}` : decision.kind;
}

const begun = firstTrigger(0);
const running = checkpointStarted(begun, 60);
const ended = (atMs: number, failures = 0): TriggerState => ({
  ...checkpointEnded(running, atMs, 'completed'),
  failuresInRow: failures,
});

describe('a checkpoint begins', () => {
  it.each<[string, TriggerState, number, string]>([
    ['not before the first interval is over', begun, 59, 'wait 60'],
    ['when the first interval is over', begun, 60, 'start'],
    ['one interval after the last began', ended(65), 119, 'wait 120'],
    ['at that time', ended(65), 120, 'start'],
    ['not before the pause is over', ended(115), 120, 'wait 135'],
    ['after the pause', ended(115), 135, 'start'],
    ['at once when both are long past', ended(65), 9_999, 'start'],
    ['never while one is in flight', running, 200, 'wait 360'],
    ['never: the one in flight is given up when it takes too long', running, 360, 'timeOut'],
    ['after as many failures as are tolerated', ended(65, 2), 120, 'start'],
    ['not after one failure more: the job goes back', ended(65, 3), 66, 'giveUp'],
  ])('%s', (_, state, nowMs, expected) => {
    expect(decided(state, nowMs)).toBe(expected);
  });

  it('counts failures in a row only', () => {
    let state = begun;
    for (const outcome of ['failed', 'failed', 'completed', 'failed', 'failed'] as const) {
      state = checkpointEnded(checkpointStarted(state, 60), 70, outcome);
    }
    expect(state.failuresInRow).toBe(2);
    expect(decided(state, 120)).toBe('start');
    expect(decided(checkpointEnded(state, 130, 'failed'), 130)).toBe('giveUp');
  });
});
