// Parts of instants in UTC, as numbers. Instants outside JavaScript's dates give NaN.
import { floorMod } from '../kernel/instant.ts';

const hourMs = 3_600_000;
const dayMs = 86_400_000;

export function minuteOfHour(ms: number): number {
  return floorMod(Math.floor(ms / 60_000), 60);
}

export function hourOfDay(ms: number): number {
  return floorMod(Math.floor(ms / hourMs), 24);
}

/** 1 is Monday. The epoch was a Thursday. */
export function dayOfWeek(ms: number): number {
  return floorMod(Math.floor(ms / dayMs) + 3, 7) + 1;
}

export function dayOfMonth(ms: number): number {
  return new Date(ms).getUTCDate();
}

export function monthOfYear(ms: number): number {
  return new Date(ms).getUTCMonth() + 1;
}

export function yearOf(ms: number): number {
  return new Date(ms).getUTCFullYear();
}
