import { expect, it } from 'vitest';
import { parseByteSize } from './byte-size.ts';

it('reads sizes as people write them', () => {
  expect(parseByteSize('2GB')).toBe(2e9);
  expect(parseByteSize('1.5 GiB')).toBe(1.5 * 2 ** 30);
  expect(parseByteSize(' 512MB ')).toBe(512e6);
  expect(parseByteSize('7B')).toBe(7);
  for (const wrong of ['', '2', 'GB', '2gb', '-1MB', '2 XB', '1e3MB']) {
    expect(parseByteSize(wrong)).toBeNull();
  }
});
