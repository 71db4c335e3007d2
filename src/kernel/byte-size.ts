// Sizes as people write them ('512MB', '2GB') to bytes. A KB is 1000 bytes, a KiB 1024.

/** A number of bytes as text: a number and a unit, `'512MB' '2GB' '1.5GiB'`. */
export type ByteSize = string;

const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Bytes, or null when the text is no size. */
export function parseByteSize(text: string): number | null {
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?([KMGT]i?B|B)$/.exec(text.trim()) ?? [];
  if (amount === undefined || unit === undefined) return null;
  const bytes = Math.round(Number(amount) * (unitBytes[unit] ?? Number.NaN));
  return Number.isSafeInteger(bytes) ? bytes : null;
}
