// Checkpoints in an S3 bucket. Conditions are those of S3 itself (If-None-Match, If-Match), which it
// keeps for all clients; before the first one a probe makes sure that the server knows them. When a
// conditional write was sent twice and refused, the object tells whether the first one had succeeded.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Random } from '../../kernel/random.ts';
import { seededRandom } from '../../kernel/random.ts';
import type {
  CheckpointStorage,
  StoredObject,
  WriteCondition,
} from '../../ports/checkpoint-storage.ts';
import { localFileError } from './local-file-error.ts';
import { S3Client } from './s3-client.ts';
import { s3CodeOf, s3Error, unconditional } from './s3-error.ts';
import { resolveLocation, type S3Location, type S3Options } from './s3-location.ts';
import { elementsOf, textOfTag } from './s3-xml.ts';

export interface S3StorageOptions extends S3Options {
  readonly clock: Clock;
  /** Spreads repeated requests. */
  readonly random?: Random;
  /** For one attempt at one request. Default 30 s. */
  readonly timeoutMs?: number;
  /** Default 5. */
  readonly attemptsMax?: number;
}

/** Checkpoints below `s3://bucket/prefix`. Objects are sent whole, so they should be below 100 MB. */
export function s3CheckpointStorage(options: S3StorageOptions): CheckpointStorage {
  const { clock, timeoutMs = 30_000, attemptsMax = 5 } = options;
  const random = options.random ?? seededRandom(clock.nowMs());
  const location = resolveLocation(options);
  return new S3CheckpointStorage(new S3Client({ location, clock, random, timeoutMs, attemptsMax }));
}

const deletesMax = 8;

class S3CheckpointStorage implements CheckpointStorage {
  readonly description: string;
  readonly #client: S3Client;
  readonly #location: S3Location;
  #probe: Promise<void> | null = null;

  constructor(client: S3Client) {
    this.#client = client;
    this.#location = client.location;
    this.description = client.location.description;
  }

  async list(prefix: string): Promise<readonly StoredObject[]> {
    const objects: StoredObject[] = [];
    let token: string | null = null;
    do {
      const query: Record<string, string> = { 'list-type': '2', prefix: this.#key(prefix) };
      if (token !== null) query['continuation-token'] = token;
      const { body } = await this.#client.send({ method: 'GET', key: '', query }, [200]);
      const xml = new TextDecoder().decode(body);
      for (const entry of elementsOf(xml, 'Contents')) {
        const name = (textOfTag(entry, 'Key') ?? '').slice(this.#location.prefix.length);
        objects.push({ name, bytes: Number(textOfTag(entry, 'Size')) });
      }
      token =
        textOfTag(xml, 'IsTruncated') === 'true' ? textOfTag(xml, 'NextContinuationToken') : null;
    } while (token !== null);
    return objects.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async read(name: string): Promise<{ readonly bytes: Uint8Array; readonly etag: string } | null> {
    const key = this.#key(name);
    const answer = await this.#client.send({ method: 'GET', key }, [200, 404]);
    if (answer.status === 200) return { bytes: answer.body, etag: etagOf(answer.headers) };
    if (s3CodeOf(answer) === 'NoSuchBucket') throw s3Error(this.#location, key, answer);
    return null;
  }

  async write(
    name: string,
    bytes: Uint8Array,
    condition?: WriteCondition,
  ): Promise<{ readonly etag: string } | null> {
    if (condition === undefined) return this.#put(name, bytes, {});
    this.#probe ??= this.#probeConditions();
    try {
      await this.#probe;
    } catch (error) {
      this.#probe = null;
      throw error;
    }
    return this.#put(name, bytes, headersOf(condition));
  }

  async writeFrom(name: string, localPath: string): Promise<void> {
    await this.#put(name, await readLocal(localPath), {});
  }

  async readTo(name: string, localPath: string): Promise<void> {
    const found = await this.read(name);
    if (found === null) throw missing(this.#location, name);
    const temporary = `${localPath}.part`;
    try {
      await writeFile(temporary, found.bytes);
      await rename(temporary, localPath);
    } catch (error) {
      await rm(temporary, { force: true });
      throw localFileError(localPath, error);
    }
  }

  async copy(from: string, to: string): Promise<void> {
    const { bucket } = this.#location;
    const source = `/${bucket}/${this.#key(from).split('/').map(encodeURIComponent).join('/')}`;
    const headers = { 'x-amz-copy-source': source };
    const key = this.#key(to);
    const answer = await this.#client.send({ method: 'PUT', key, headers }, [200, 404]);
    // A copy that failed while it ran answers 200 with an error inside.
    const code = s3CodeOf(answer);
    if (code === 'NoSuchKey' || (answer.status === 404 && code === '')) {
      throw missing(this.#location, from);
    }
    if (code !== '') throw s3Error(this.#location, key, answer);
  }

  async remove(names: readonly string[]): Promise<void> {
    const queue = names.values();
    const run = async (): Promise<void> => {
      for (const name of queue) {
        await this.#client.send({ method: 'DELETE', key: this.#key(name) }, [200, 204, 404]);
      }
    };
    const runs = Array.from({ length: Math.min(deletesMax, names.length) }, run);
    // All of them, so that nothing still goes on when a failure is reported.
    const results = await Promise.allSettled(runs);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async #put(
    name: string,
    bytes: Uint8Array,
    headers: Readonly<Record<string, string>>,
  ): Promise<{ readonly etag: string } | null> {
    const key = this.#key(name);
    const request = { method: 'PUT', key, headers, body: bytes } as const;
    const expected = headers['if-match'] === undefined ? [200, 412] : [200, 404, 412];
    const answer = await this.#client.send(request, expected);
    if (answer.status === 200) return { etag: etagOf(answer.headers) };
    if (s3CodeOf(answer) === 'NoSuchBucket') throw s3Error(this.#location, key, answer);
    if (answer.attempts === 1) return null;
    const found = await this.read(name);
    return found !== null && Buffer.compare(found.bytes, bytes) === 0 ? { etag: found.etag } : null;
  }

  /** Writes that must be refused, to an object of its own: a server that ignores conditions does them. */
  async #probeConditions(): Promise<void> {
    const name = `millrace-probe-${probes++}-${process.pid}`;
    const bytes = (part: string): Uint8Array =>
      new TextEncoder().encode(`checks that this server does conditional writes, ${part}\n`);
    await this.#put(name, bytes('first'), {});
    try {
      const again = await this.#put(name, bytes('again'), headersOf('absent'));
      const never = { etag: `"${'0'.repeat(32)}"` };
      const other = await this.#put(name, bytes('other'), headersOf(never));
      if (again !== null || other !== null) throw unconditional(this.description);
    } finally {
      await this.remove([name]);
    }
  }

  #key(name: string): string {
    return `${this.#location.prefix}${name}`;
  }
}

let probes = 0;

function headersOf(condition: WriteCondition): Readonly<Record<string, string>> {
  return condition === 'absent' ? { 'if-none-match': '*' } : { 'if-match': condition.etag };
}

function etagOf(headers: Headers): string {
  return headers.get('etag') ?? '';
}

async function readLocal(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw localFileError(path, error);
  }
}

function missing(location: S3Location, name: string): MillraceError {
  return new MillraceError(
    'MR_CHECKPOINT_MISSING',
    `there is no object "${name}" in ${location.description}`,
    { context: { path: name }, fix: 'files of checkpoints must not be removed by hand' },
  );
}
