// Manifests as bytes: one line of JSON, `{"format":…,"crc32c":"…","manifest":{…}}`. The checksum
// covers the format and the manifest, and this envelope is the same in every format, so damage and
// a newer format are told apart. Reading trusts nothing: what passes has the right shape.
import { crc32c } from '../../kernel/crc32c.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { type Manifest, manifestFormat } from './manifest.ts';
import { shapeProblem } from './manifest-shape.ts';

const envelope = /^\{"format":(\d{1,9}),"crc32c":"([0-9a-f]{8})","manifest":(.*)\}\n$/s;
const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** The bytes of a manifest's file. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const body = JSON.stringify(manifest);
  const crc = checksum(manifestFormat, body);
  return utf8.encode(`{"format":${manifestFormat},"crc32c":"${crc}","manifest":${body}}\n`);
}

/** The manifest in the bytes of file `name`; throws MR_CHECKPOINT_CORRUPT or MR_CHECKPOINT_VERSION. */
export function decodeManifest(name: string, bytes: Uint8Array): Manifest {
  const [, format = '', crc = '', body = ''] = envelope.exec(textOf(name, bytes)) ?? [];
  if (body === '') throw corrupt(name, 'it is cut short or no manifest at all');
  if (checksum(Number(format), body) !== crc) throw corrupt(name, 'its checksum does not match');
  if (Number(format) > manifestFormat) throw tooNew(name, Number(format));
  const manifest: unknown = JSON.parse(body);
  const problem = shapeProblem(manifest);
  if (problem !== null) throw corrupt(name, problem);
  return manifest as Manifest;
}

/** The names and sizes of every file that a manifest needs, each once. */
export function filesOf(manifest: Manifest): ReadonlyMap<string, number> {
  const files = new Map<string, number>();
  for (const { segments, head } of manifest.subtasks) {
    for (const { name, bytes } of segments) files.set(name, bytes);
    files.set(head.name, head.bytes);
  }
  return files;
}

export function corrupt(name: string, what: string): MillraceError {
  return new MillraceError('MR_CHECKPOINT_CORRUPT', `"${name}" is damaged: ${what}`, {
    context: { path: name },
    fix: 'an older checkpoint is taken if there is one; check the disk',
  });
}

function tooNew(name: string, format: number): MillraceError {
  return new MillraceError(
    'MR_CHECKPOINT_VERSION',
    `"${name}" has format ${format}; this version of millrace reads up to ${manifestFormat}`,
    { context: { path: name }, fix: 'run the version of millrace that wrote it, or a newer one' },
  );
}

function textOf(name: string, bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw corrupt(name, 'it is not text');
  }
}

function checksum(format: number, body: string): string {
  return crc32c(utf8.encode(`${format} ${body}`))
    .toString(16)
    .padStart(8, '0');
}
