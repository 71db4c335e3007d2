// Dates and instants from text, checked: a day that does not exist is no date. Years 0000–9999.
// A date-time without a zone is read as UTC.

const dayMs = 86_400_000;
const datePattern = /^(\d{4})-(\d{2})-(\d{2})$/;
const instantPattern =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|z|[+-]\d{2}:?\d{2})?$/;

/** Days since the epoch of `YYYY-MM-DD`, or null. */
export function parseDate(text: string): number | null {
  const match = datePattern.exec(text);
  if (match === null) return null;
  const ms = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(ms)) return null;
  // Date.parse takes February 30 for March 2: the text must come back.
  return new Date(ms).toISOString().slice(0, 10) === text ? ms / dayMs : null;
}

/** `YYYY-MM-DD` of a number of days since the epoch. */
export function formatDate(days: number): string {
  return new Date(days * dayMs).toISOString().slice(0, 10);
}

/** Epoch milliseconds of an ISO 8601 / RFC 3339 date-time, or null. Digits below a millisecond are cut off. */
export function parseInstant(text: string): number | null {
  const match = instantPattern.exec(text);
  if (match === null) return null;
  const [, date = '', hour, minute, second = '0', fraction = '', zone = 'Z'] = match;
  const days = parseDate(date);
  if (days === null || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const milliseconds = Number(fraction.padEnd(3, '0').slice(0, 3));
  const offset = zoneMs(zone);
  if (offset === null) return null;
  const time = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
  return days * dayMs + time * 1000 + milliseconds - offset;
}

function zoneMs(zone: string): number | null {
  if (zone === 'Z' || zone === 'z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2));
  if (hours > 23 || minutes > 59) return null;
  const size = (hours * 60 + minutes) * 60_000;
  return zone.startsWith('-') ? -size : size;
}

/** Instants beyond this are no dates in JavaScript (±275,760 years). */
export const instantMsMax = 8.64e15;
