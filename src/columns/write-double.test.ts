import { describe, expect, it } from 'vitest';
import { seededRandom } from '../kernel/random.ts';
import { doubleBytesMax, writeDouble } from './write-double.ts';

const target = new Uint8Array(doubleBytesMax);

function written(value: number): string | null {
  const end = writeDouble(target, 0, value);
  return end < 0 ? null : Buffer.from(target.subarray(0, end)).toString('latin1');
}

describe('writeDouble', () => {
  it('writes what String writes, whatever the digits and however close the neighbours', () => {
    const random = seededRandom(7);
    const bits = new Float64Array(1);
    const words = new Uint32Array(bits.buffer);
    let refused = 0;
    let count = 0;
    const check = (value: number): void => {
      const text = written(value);
      count++;
      if (text === null) refused++;
      else if (text !== String(value)) expect(text).toBe(String(value));
    };
    for (let i = 0; i < 60_000; i++) {
      check(random.next() * 10 ** Math.floor(random.next() * 18 - 3));
      check((i * 31 + 7) / 97);
      const scale = 10 ** Math.floor(random.next() * 17);
      bits[0] = Math.floor(random.next() * scale) / scale;
      check(bits[0]);
      words[0] = ((words[0] ?? 0) + 1) >>> 0;
      check(bits[0]);
      check(-bits[0]);
    }
    expect(refused).toBeLessThan(count / 10);
  });

  it.each([0.1, 0.3, 1.5, 0.001, 123.456, 5e-324, 0.1 + 0.2, 999_999_999_999_999.9])(
    'writes %d or leaves it',
    (value) => {
      expect([String(value), null]).toContain(written(value));
      expect(written(-value)).toBe(written(value) === null ? null : `-${String(value)}`);
    },
  );

  it.each([0, 1, 1e15, 1e21, 0.0009, Number.NaN, Number.POSITIVE_INFINITY, 12])(
    'leaves %d to others',
    (value) => {
      expect(written(value)).toBeNull();
    },
  );

  it('writes prices in two digits after the point', () => {
    for (let cents = 1; cents < 100_000; cents += 7) {
      if (cents % 100 !== 0) expect(written(cents / 100)).toBe(String(cents / 100));
    }
  });
});
