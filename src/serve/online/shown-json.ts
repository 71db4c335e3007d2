// Values of a request as they are quoted in answers: JSON, with integers beyond 2^53 as text.

/** The JSON of a value; undefined for undefined. */
export function shownJson(value: unknown): string | undefined {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'bigint' ? String(item) : item,
  );
}
