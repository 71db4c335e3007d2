// Where a schema registry is, as bindings say it: a URL, a folder, or an object with credentials.
// Passwords stay out of descriptions.
import { isAbsolute, join } from 'node:path';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { SchemaRegistryOptions } from '../../ports/schema-registry.ts';

export type RegistryLocation =
  | { readonly kind: 'folder'; readonly path: string; readonly description: string }
  | {
      readonly kind: 'server';
      /** Without a slash at its end. */
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly timeoutMs: number;
      readonly description: string;
    };

/** Reads what a binding gives as `registry`; throws MR_CONFIG_INVALID. */
export function resolveRegistry(given: unknown, baseDirectory: string): RegistryLocation {
  const options = typeof given === 'string' ? { url: given } : given;
  if (!isOptions(options)) {
    throw invalid('needs a `registry`: the address of a server, or a folder');
  }
  if (!/^https?:\/\//i.test(options.url)) {
    if (/^\w+:\/\//.test(options.url)) throw invalid(`cannot use the registry "${options.url}"`);
    const path = isAbsolute(options.url) ? options.url : join(baseDirectory, options.url);
    return { kind: 'folder', path, description: `folder ${options.url}` };
  }
  return serverAt(options);
}

function serverAt(options: SchemaRegistryOptions): RegistryLocation {
  const { timeoutMs = 10_000 } = options;
  if (!(timeoutMs >= 1 && timeoutMs <= 600_000)) {
    throw invalid('takes a `timeoutMs` from 1 to 600000');
  }
  let url: URL;
  try {
    url = new URL(options.url);
  } catch {
    throw invalid(`cannot use the registry "${options.url}": it is no address`);
  }
  const username = options.username ?? decodeURIComponent(url.username);
  const password = options.password ?? decodeURIComponent(url.password);
  const basic = username === '' ? {} : { authorization: `Basic ${base64(username, password)}` };
  const bearer = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
  const address = `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
  return {
    kind: 'server',
    url: address,
    headers: { ...basic, ...bearer, ...options.headers },
    timeoutMs,
    description: address,
  };
}

function base64(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`).toString('base64');
}

function isOptions(value: unknown): value is SchemaRegistryOptions {
  return typeof value === 'object' && value !== null && 'url' in value && isText(value.url);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function invalid(problem: string): MillraceError {
  return new MillraceError('MR_CONFIG_INVALID', `a format with schemas ${problem}`, {
    fix: "write registry: 'http://localhost:8081', or registry: './schemas'",
  });
}
