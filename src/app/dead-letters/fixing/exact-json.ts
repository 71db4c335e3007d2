// JSON as an editor of records needs it: what is not touched keeps its meaning to the last digit. A
// whole number beyond 2^53 is a bigint; any other number that a double does not hold stays as text.

/** A number that is written as it was read. */
interface RawNumber {
  readonly rawJSON: string;
}

interface ExactJson {
  parse(
    text: string,
    reviver: (
      this: unknown,
      key: string,
      value: unknown,
      context: { readonly source?: string },
    ) => unknown,
  ): unknown;
  rawJSON(text: string): RawNumber;
}

const json = JSON as unknown as ExactJson;

/** Throws SyntaxError. */
export function parseExactJson(text: string): unknown {
  return json.parse(text, (_, value, { source }) => {
    if (typeof value !== 'number' || source === undefined) return value;
    if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value) ? value : BigInt(source);
    return Number.isFinite(value) && digitsIn(source) <= 15 ? value : json.rawJSON(source);
  });
}

export function exactJsonText(value: unknown, indent?: number): string {
  const text: string | undefined = JSON.stringify(
    value,
    (_, part: unknown) => (typeof part === 'bigint' ? json.rawJSON(part.toString()) : part),
    indent,
  );
  return text ?? 'null';
}

/** A double holds fifteen decimal digits for certain. */
function digitsIn(source: string): number {
  const [mantissa = ''] = source.split(/[eE]/);
  return mantissa.replace(/[-.]/g, '').replace(/^0+/, '').length;
}
