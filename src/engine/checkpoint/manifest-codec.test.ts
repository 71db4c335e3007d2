import { describe, expect, it } from 'vitest';
import { crc32c } from '../../kernel/crc32c.ts';
import { manifestOf } from '../../testing/manifests.ts';
import { decodeManifest, encodeManifest, filesOf } from './manifest-codec.ts';
import { shapeProblem } from './manifest-shape.ts';

const name = 'job/manifests/000000000007.json';
const manifest = manifestOf(7, { 'g1-a.seg': 100, 'g1-b.seg': 200, 'g1-head': 30 });
const bytes = encodeManifest(manifest);

function edited(path: readonly (string | number)[], value: unknown): unknown {
  const copy = JSON.parse(JSON.stringify(manifest)) as Record<string | number, unknown>;
  let at = copy;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>;
  at[path.at(-1) ?? ''] = value;
  return copy;
}

describe('a manifest', () => {
  it('is read as it was written', () => {
    expect(decodeManifest(name, bytes)).toEqual(manifest);
  });

  it('keeps names that mean something to JavaScript, and any text', () => {
    const sources = JSON.parse(
      '{"__proto__":{"positions":{"constructor":null,"é\\n":1},"watermark":null}}',
    ) as typeof manifest.sources;
    const odd = { ...manifest, sources };
    expect(decodeManifest(name, encodeManifest(odd))).toEqual(odd);
  });

  it('names every file once, with its size', () => {
    expect([...filesOf(manifest)]).toEqual([
      ['g1-a.seg', 100],
      ['g1-b.seg', 200],
      ['g1-head', 30],
    ]);
  });

  it('is refused by name when any byte is wrong', () => {
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] as number) ^ 0x04;
      expect(() => decodeManifest(name, damaged), `byte ${at}`).toThrow(`"${name}" is damaged`);
    }
  });

  it('is refused at any shorter length', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeManifest(name, bytes.subarray(0, length))).toThrow('is damaged');
    }
  });

  it('of a newer format is told from a damaged one', () => {
    const body = '{"anything":true}';
    const crc = crc32c(new TextEncoder().encode(`2 ${body}`))
      .toString(16)
      .padStart(8, '0');
    const newer = new TextEncoder().encode(`{"format":2,"crc32c":"${crc}","manifest":${body}}\n`);
    expect(() => decodeManifest(name, newer)).toThrow(
      expect.objectContaining({ code: 'MR_CHECKPOINT_VERSION' }),
    );
  });

  it.each<[string, readonly (string | number)[], unknown]>([
    ['id is no count', ['id'], '7'],
    ['id is no count', ['id'], -1],
    ['job is no text', ['job'], null],
    ['generation is no count', ['generation'], 1.5],
    ['plan is no object', ['plan'], []],
    ['plan.json is missing', ['plan', 'json'], undefined],
    ['sources.purchases.positions is no object', ['sources', 'purchases', 'positions'], 3],
    ['sources.purchases.watermark is missing', ['sources', 'purchases', 'watermark'], undefined],
    ['subtasks is no list', ['subtasks'], {}],
    ['subtasks[0].keyGroups is no object', ['subtasks', 0, 'keyGroups'], null],
    ['subtasks[0].head.name is no name of a file', ['subtasks', 0, 'head', 'name'], '../x'],
    [
      'subtasks[0].segments[1].name is no name of a file',
      ['subtasks', 0, 'segments', 1, 'name'],
      'a/b',
    ],
    ['subtasks[0].segments[0].bytes is no count', ['subtasks', 0, 'segments', 0, 'bytes'], NaN],
    ['counters.recordsIn is no count', ['counters', 'recordsIn'], 'many'],
    ['storeEpoch is no text', ['storeEpoch'], 3],
  ])('has its shape checked: %s', (problem, path, value) => {
    expect(shapeProblem(edited(path, value))).toBe(problem);
  });

  it('may have fields that this version does not know', () => {
    expect(shapeProblem(edited(['note'], 'later'))).toBeNull();
  });
});
