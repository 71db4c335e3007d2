import { expect, it } from 'vitest';
import { virtualClock } from './virtual-clock.ts';

it('stands still until it is advanced, and wakes sleepers in order', async () => {
  const clock = virtualClock(1000);
  const woken: string[] = [];
  const sleep = async (name: string, ms: number): Promise<void> => {
    await clock.sleep(ms);
    woken.push(`${name}@${clock.nowMs()}`);
  };
  void sleep('b', 20);
  void sleep('a', 10).then(() => sleep('c', 5));
  await clock.advance(9);
  expect(woken).toEqual([]);
  await clock.advance(41);
  expect(woken).toEqual(['a@1010', 'c@1015', 'b@1020']);
  expect(clock.nowMs()).toBe(1050);
  expect(clock.monotonicMs()).toBe(50);
});

it('an aborted sleep ends at once', async () => {
  const clock = virtualClock();
  const abort = new AbortController();
  const slept = clock.sleep(1000, abort.signal);
  abort.abort();
  await slept;
  expect(clock.sleeperCount).toBe(0);
  await clock.sleep(1000, abort.signal);
});
