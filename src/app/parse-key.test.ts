import { describe, expect, it } from 'vitest';
import type { FieldType } from '../kernel/types/field-type.ts';
import type { KeyPartNode, ViewNode } from '../plan/plan.ts';
import { parseKey } from './parse-key.ts';

function viewWith(key: Readonly<Record<string, FieldType['kind']>>): ViewNode {
  const parts = Object.entries(key).map(([name, kind]): KeyPartNode => {
    const type = { kind } as FieldType;
    return { name, type, nullable: false, value: { kind: 'column', name, type, nullable: false } };
  });
  return { name: 'v', key: parts } as unknown as ViewNode;
}

describe('a key as people type it', () => {
  it('has the types of the entity', () => {
    const view = viewWith({ s: 'string', n: 'int32', big: 'int64', at: 'timestamp', ok: 'bool' });
    const parts = ['s=a=b', 'n=-7', 'big=9007199254740993', 'at=2026-01-05T00:00:00Z', 'ok=true'];
    expect(parseKey(view, parts)).toEqual({
      s: 'a=b',
      n: -7,
      big: 9_007_199_254_740_993n,
      at: Date.UTC(2026, 0, 5),
      ok: true,
    });
    expect(parseKey(viewWith({ s: 'string' }), ['s='])).toEqual({ s: '' });
  });

  it.each([
    [['user_id'], 'is not key=value'],
    [['userid=1'], 'did you mean "user_id"?'],
    [[], 'lacks user_id'],
    [['user_id=1.5'], 'is not of type int64'],
  ])('is refused with what to write instead: %j', (parts, says) => {
    expect(() => parseKey(viewWith({ user_id: 'int64' }), parts)).toThrow(
      expect.objectContaining({
        code: 'MR_UNKNOWN_KEY',
        message: expect.stringContaining(says) as string,
        fix: 'write: millrace get v user_id=<int64>',
      }),
    );
  });
});
