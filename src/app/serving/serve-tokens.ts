// Tokens of the feature server, from a file or the environment:
// [{ "name": "ranking", "token": "…", "views": ["user_spend"], "writes": ["user_clicks"] }]
import { readFile } from 'node:fs/promises';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { TokenGrant } from '../../serve/http/gate/access.ts';

/** The grants of the file, or of the environment; null when there are none. Throws MR_SERVE_TOKENS. */
export async function serveTokens(
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly TokenGrant[] | null> {
  const path = file ?? environment['MILLRACE_SERVE_TOKENS'];
  if (path !== undefined && path !== '') return grantsOf(path, await textOf(path));
  const token = environment['MILLRACE_SERVE_TOKEN'];
  if (token === undefined || token === '') return null;
  return [{ name: 'environment', token, writes: 'all' }];
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new MillraceError('MR_SERVE_TOKENS', `the file of tokens cannot be read`, {
      cause,
      context: { path },
      fix: 'check the path of --tokens or MILLRACE_SERVE_TOKENS, and who may read it',
    });
  }
}

function grantsOf(path: string, text: string): readonly TokenGrant[] {
  const list = parsed(text);
  if (!Array.isArray(list) || list.length === 0) throw wrong(path, 'is not a list of grants');
  return list.map((entry: unknown, i) => {
    const problem = problemOf(entry);
    if (problem !== null) throw wrong(path, `entry ${i}: ${problem}`);
    return entry as TokenGrant;
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const members: readonly string[] = ['name', 'token', 'views', 'writes'];

function problemOf(entry: unknown): string | null {
  if (typeof entry !== 'object' || entry === null) return 'is not an object';
  const grant = entry as Readonly<Record<string, unknown>>;
  const stranger = Object.keys(grant).find((name) => !members.includes(name));
  if (stranger !== undefined) return `"${stranger}" is not one of ${members.join(', ')}`;
  if (typeof grant['name'] !== 'string' || grant['name'] === '') return 'name is not a text';
  if (typeof grant['token'] !== 'string') return 'token is not a text';
  if (grant['views'] !== undefined && !isTexts(grant['views']))
    return 'views is not a list of names';
  const { writes } = grant;
  if (writes !== undefined && writes !== 'all' && !isTexts(writes)) {
    return 'writes is neither a list of names nor "all"';
  }
  return null;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function wrong(path: string, why: string): MillraceError {
  return new MillraceError('MR_SERVE_TOKENS', `the file of tokens ${why}`, {
    context: { path },
    fix: 'write [{ "name": "…", "token": "…", "views": ["…"] }]',
  });
}
