import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../kernel/clock.ts';
import { createAdmission } from './admission.ts';

/** Time stands still until it is let go; then `late` ms pass on top of each wait. */
function lateClock() {
  let nowMs = 0;
  let wake: ((lateMs: number) => void) | null = null;
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: (ms) =>
      new Promise((resolve) => {
        wake = (lateMs) => {
          nowMs += ms + lateMs;
          resolve();
        };
      }),
  };
  const pass = async (lateMs: number): Promise<void> => {
    wake?.(lateMs);
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };
  return { clock, pass };
}

const limits = { inFlightMax: 2, loopDelayMsMax: 100, deadlineMs: 50 };

describe('admission', () => {
  it('lets in as many as it may, and another one for each that leaves', () => {
    const admission = createAdmission({ ...limits, clock: lateClock().clock });
    admission.enter();
    admission.enter();
    expect(() => admission.enter()).toThrow(/2 requests are being answered/);
    admission.leave();
    admission.enter();
    expect([admission.inFlight, admission.refusedCount]).toEqual([2, 1]);
  });

  it('refuses while the event loop is late, and no longer', async () => {
    const { clock, pass } = lateClock();
    const admission = createAdmission({ ...limits, clock });
    admission.watch();
    await pass(99);
    admission.enter();
    await pass(250);
    expect(() => admission.enter()).toThrow(/wait 250 ms for their turn/);
    await pass(3);
    admission.enter();
    admission.close();
  });

  it('answers work that is late with its deadline, and work that is not with its result', async () => {
    const { clock, pass } = lateClock();
    const admission = createAdmission({ ...limits, clock });
    const never = admission.withinDeadline(new Promise(() => undefined), 1000);
    const refused = expect(never).rejects.toMatchObject({ code: 'MR_SERVE_DEADLINE', status: 503 });
    const shorter = admission.withinDeadline(new Promise(() => undefined), 20);
    const sooner = expect(shorter).rejects.toThrow(/within 20 ms/);
    expect(await admission.withinDeadline(Promise.resolve(7), 1000)).toBe(7);
    for (let i = 0; i < 3; i++) await pass(0);
    await sooner;
    for (let i = 0; i < 3; i++) await pass(0);
    await refused;
    const failing = admission.withinDeadline(Promise.reject(new Error('its own')), 1000);
    await expect(failing).rejects.toThrow('its own');
  });
});
