import { expect, it } from 'vitest';
import { openFailure, requestFailure, troubleOf } from './redis-errors.ts';

const failed = (message: string, code?: string): Error =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

it('tells trouble that passes from what is refused for good', () => {
  expect(troubleOf(failed("OOM command not allowed when used memory > 'maxmemory'."))).toBe('full');
  expect(troubleOf(failed("READONLY You can't write against a read only replica."))).toBe(
    'readonly',
  );
  expect(troubleOf(failed('LOADING Redis is loading the dataset in memory'))).toBe('busy');
  expect(troubleOf(failed('CLUSTERDOWN The cluster is down'))).toBe('busy');
  expect(troubleOf(failed('connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED'))).toBe('away');
  const both = new AggregateError([failed('a', 'ECONNREFUSED'), failed('b', 'ECONNREFUSED')]);
  expect(troubleOf(both)).toBe('away');
  for (const message of ['WRONGTYPE Operation against a key', 'NOPERM no', 'ERR unknown command']) {
    expect(troubleOf(failed(message))).toBeNull();
  }
  for (const nothing of [null, undefined, 7, {}]) expect(troubleOf(nothing)).toBeNull();
});

it('says what to do', () => {
  expect(openFailure('h:1', failed('WRONGPASS invalid username-password pair'))).toMatchObject({
    code: 'MR_STORE_OPEN',
    fix: expect.stringContaining('password') as unknown,
  });
  expect(requestFailure('h:1', failed('LOADING x'))).toMatchObject({ code: 'MR_STORE_AWAY' });
  expect(requestFailure('h:1', failed('NOPERM x'))).toMatchObject({ code: 'MR_STORE_OPEN' });
});
