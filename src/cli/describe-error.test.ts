import { describe, expect, it } from 'vitest';
import { MillraceError, ProblemsError } from '../kernel/errors/millrace-error.ts';
import { describeError, errorDocument } from './describe-error.ts';
import { exitCodeOf } from './exit-code.ts';

const missing = new MillraceError('MR_FILE_NOT_FOUND', 'there is no file x', {
  context: { path: '/data/x', offset: 12n },
  fix: 'correct the path',
});

describe('an error on the command line', () => {
  it('says code, what, where and what to do', () => {
    expect(describeError(missing)).toBe(
      'error MR_FILE_NOT_FOUND: there is no file x\n  where: /data/x, offset 12\n  fix: correct the path',
    );
    expect(errorDocument(missing)).toEqual({
      error: {
        code: 'MR_FILE_NOT_FOUND',
        message: 'there is no file x',
        where: '/data/x, offset 12',
        fix: 'correct the path',
      },
    });
  });

  it('lists every problem, errors first', () => {
    const error = new ProblemsError([
      { severity: 'warning', code: 'MR_DEFINITION_LATENESS', path: 'a', message: 'no slack' },
      { severity: 'error', code: 'MR_DEFINITION_TTL', path: 'b.ttl', message: 'bad', fix: 'mend' },
    ]);
    expect(describeError(error)).toBe(
      'error MR_DEFINITION_TTL: bad\n  where: b.ttl\n  fix: mend\n' +
        'warning MR_DEFINITION_LATENESS: no slack\n  where: a',
    );
  });

  it('shows a stack only for a bug of ours, and asks to report it', () => {
    const bug = new TypeError('x is undefined');
    expect(describeError(bug)).toMatch(/bug of millrace.*please report it.*at /s);
    expect(errorDocument(bug)).toEqual({
      error: { code: 'MR_INTERNAL', message: 'x is undefined' },
    });
  });
});

describe('the exit code', () => {
  it.each([
    [missing, 1],
    [new MillraceError('MR_DEFINITION_TTL', ''), 1],
    [new MillraceError('MR_DATA_MALFORMED', ''), 1],
    [new MillraceError('MR_USAGE', ''), 2],
    [new MillraceError('MR_STORE_FULL', ''), 3],
    [new MillraceError('MR_INTERNAL', ''), 70],
    [new Error('x'), 70],
    ['x', 70],
  ])('of %s is %i', (error, code) => {
    expect(exitCodeOf(error)).toBe(code);
  });
});
