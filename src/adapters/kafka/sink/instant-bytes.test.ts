import { expect, it } from 'vitest';
import { JsonBuffer } from '../../../columns/json-buffer.ts';
import { formatInstant } from '../../../kernel/instant.ts';
import { seededRandom } from '../../../kernel/random.ts';
import { InstantBytes } from './instant-bytes.ts';

it('instants are the text that they are everywhere', () => {
  const random = seededRandom(5);
  const target = new JsonBuffer();
  const writer = new InstantBytes();
  const edges = [0, -1, -86_400_000, 86_399_999, 253_402_300_800_000, -62_198_755_200_000];
  const others = Array.from({ length: 2000 }, () => Math.floor((random.next() - 0.3) * 4e12));
  for (const ms of [...edges, ...others, ...others.map((ms) => ms - (ms % 1000))]) {
    target.length = 0;
    writer.write(target, ms);
    expect(target.bytes.toString('utf8', 0, target.length)).toBe(`"${formatInstant(ms)}"`);
  }
  target.length = 0;
  writer.write(target, Number.NEGATIVE_INFINITY);
  expect(target.bytes.toString('utf8', 0, target.length)).toBe('null');
});
