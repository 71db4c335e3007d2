// Requests that are almost right: recorded ones, changed at random in their values, their text, their
// bytes, their heads. The same seed makes the same requests.
import type { Random } from '../../src/kernel/random.ts';

/** A request as it was recorded. */
export interface PlainRequest {
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
}

export interface MutatedRequest {
  readonly bytes: Buffer;
  /** True when the message itself may be broken: nobody can say where it ends. */
  readonly isBroken: boolean;
}

const oddTexts: readonly string[] = [
  ...['null', 'true', '-0', '1e400', '-1', '0.5', '9007199254740993', '1e21', '""', '[]', '{}'],
  ...['[[]]', '[null]', '"\\ud800"', '"\\u0000"', '"NaN"', 'NaN', '"__proto__"', '9'.repeat(400)],
  ...[
    '{"__proto__":{"a":1}}',
    '"2026-01-01"',
    '"2026-13-45T99:99:99Z"',
    '"😀"',
    '["a","b"]',
    '"1"',
  ],
  `"${'x'.repeat(3000)}"`,
  `${'['.repeat(500)}${']'.repeat(500)}`,
];
const oddNames: readonly string[] = [
  ...['__proto__', 'constructor', 'entities', 'features', 'feature_service', '', ':', 'a:b:c'],
  ...[
    'user_stats:',
    ':clicks',
    'user_stats:clickz',
    'usr_stats:clicks',
    'full_feature_names',
    'to',
  ],
  ...[
    'instants',
    'milliseconds',
    'event_timestamp',
    'toString',
    '*',
    '../..',
    'user_stats:__proto__',
  ],
];
const methods = ['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE', 'BREW', 'get'];
const types = ['text/plain', 'application/json; charset=utf-16', 'multipart/form-data', '', 'x'];
const heads = [
  'transfer-encoding: chunked',
  'content-encoding: gzip',
  'expect: 100-continue',
  'connection: upgrade\r\nupgrade: websocket',
  'x-request-timeout-ms: 0',
  'x-request-timeout-ms: -1e9',
  'authorization: Bearer',
  'x-request-id: \u00ff\u00fe',
  `x-long: ${'h'.repeat(20_000)}`,
  'content-length: 5',
  'host: :::',
];

export class RequestMutator {
  readonly #random: Random;
  readonly #corpus: readonly PlainRequest[];

  constructor(random: Random, corpus: readonly PlainRequest[]) {
    this.#random = random;
    this.#corpus = corpus;
  }

  next(): MutatedRequest {
    const base = this.#pick(this.#corpus);
    let { method, path, contentType, body } = base;
    const more: string[] = [];
    let bytes: Buffer | null = null;
    for (let changes = 1 + this.#below(3); changes > 0; changes--) {
      const kind = this.#below(20);
      if (kind < 9) body = this.#changeValues(body);
      else if (kind < 12) body = this.#changeText(body);
      else if (kind < 14) bytes = this.#changeBytes(Buffer.from(body));
      else if (kind < 16) path = this.#changePath(path);
      else if (kind === 16) method = this.#pick(methods);
      else if (kind === 17) contentType = this.#pick(types);
      else if (kind === 18) more.push(this.#pick(heads));
      else body = this.#pick(this.#corpus).body;
    }
    const payload = bytes ?? Buffer.from(body);
    const isCut = this.#below(60) === 0;
    const length = isCut ? payload.length + this.#below(9) - 4 : payload.length;
    const head =
      `${method} ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: ${contentType}\r\n` +
      `content-length: ${length}\r\n${more.map((line) => `${line}\r\n`).join('')}\r\n`;
    const message = Buffer.concat([Buffer.from(head, 'latin1'), payload]);
    const isGarbled = this.#below(100) === 0;
    const isBroken = isCut || isGarbled || more.length > 0 || method !== base.method;
    return { bytes: isGarbled ? this.#changeBytes(message) : message, isBroken };
  }

  #below(bound: number): number {
    return Math.floor(this.#random.next() * bound);
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T;
  }

  /** Changes one value or name of a JSON text; leaves what is none. */
  #changeValues(body: string): string {
    let json: unknown;
    try {
      json = JSON.parse(body);
    } catch {
      return this.#changeText(body);
    }
    const places: (readonly [object, string])[] = [];
    collectPlaces(json, places);
    if (places.length === 0) return this.#pick(oddTexts);
    const [parent, name] = this.#pick(places);
    const record = parent as Record<string, unknown>;
    const odd = `\u0001${this.#below(1e9)}`;
    let put = this.#pick(oddTexts);
    switch (this.#below(6)) {
      case 0:
        Reflect.deleteProperty(record, name);
        break;
      case 1:
        record[this.#pick(oddNames)] = record[name];
        break;
      case 2:
        record[name] = this.#pick(oddNames);
        break;
      case 3:
        record[name] = Array.from({ length: this.#below(300) }, () => record[name]).slice(0, 300);
        break;
      case 4:
        put = this.#textNear(record[name]);
        record[name] = odd;
        break;
      default:
        record[name] = odd;
    }
    const text = JSON.stringify(json) ?? 'null';
    return text.length > 60_000 ? '{}' : text.replace(JSON.stringify(odd), () => put);
  }

  /** A value that is close to the one that was there. */
  #textNear(value: unknown): string {
    if (typeof value === 'number') return String(value + this.#below(5) - 2);
    if (typeof value === 'string') return JSON.stringify(this.#changeText(value));
    return this.#pick(oddTexts);
  }

  #changeText(text: string): string {
    const at = this.#below(text.length + 1);
    const end = at + this.#below(6);
    const insert = ['', '"', ',', '{', ']', ':', '\\', '\u0000', '𝒳', 'entities', '"entities":'];
    return text.slice(0, at) + this.#pick(insert) + text.slice(end);
  }

  #changeBytes(bytes: Buffer): Buffer {
    const changed = Buffer.from(bytes);
    for (let n = 1 + this.#below(4); n > 0 && changed.length > 0; n--) {
      changed[this.#below(changed.length)] = this.#below(256);
    }
    return this.#below(4) === 0 ? changed.subarray(0, this.#below(changed.length + 1)) : changed;
  }

  /** No blanks and no line ends: the head stays whole. */
  #changePath(path: string): string {
    const odd = [
      '%',
      '%00',
      '%E0%A4%A',
      '//',
      '/..',
      '?',
      '&features=',
      'a'.repeat(5000),
      ',',
      '%2C',
    ];
    const at = this.#below(path.length + 1);
    const changed = path.slice(0, at) + this.#pick(odd) + path.slice(at + this.#below(4));
    return changed.startsWith('/') ? changed : `/${changed}`;
  }
}

function collectPlaces(json: unknown, places: (readonly [object, string])[]): void {
  if (typeof json !== 'object' || json === null) return;
  for (const name of Object.keys(json)) {
    places.push([json, name]);
    collectPlaces((json as Record<string, unknown>)[name], places);
  }
}
