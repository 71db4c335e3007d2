import { expect, it } from 'vitest';
import { virtualClock } from '../../../testing/virtual-clock.ts';
import { ReadGuard } from './read-guard.ts';

function guardAt() {
  const clock = virtualClock();
  return { clock, guard: new ReadGuard('r', clock) };
}

it('hands out rows while numbers grow, and of a server without any', () => {
  const { guard } = guardAt();
  for (const marker of [null, '5', '5', '9', null, '12?']) expect(guard.accepts(marker)).toBe(true);
  expect(guard.isOld).toBe(false);
});

it('keeps rows back that are older than what was read, until they are new again', () => {
  const { guard } = guardAt();
  expect(guard.accepts('9')).toBe(true);
  expect(guard.accepts('7')).toBe(false);
  expect(guard.accepts('10!')).toBe(false);
  expect(guard.isOld).toBe(true);
  expect(() => guard.check('11!')).toThrow(/old rows/);
  expect(guard.accepts('12')).toBe(true);
  expect(guard.isOld).toBe(false);
});

it('hands out old rows when nobody fills the server again', async () => {
  const { guard, clock } = guardAt();
  guard.accepts('9');
  expect(guard.accepts('7')).toBe(false);
  await clock.advance(29_000);
  expect(guard.accepts('7')).toBe(false);
  await clock.advance(2000);
  expect(guard.accepts('7')).toBe(true);
  expect(guard.isOld).toBe(true);
});
