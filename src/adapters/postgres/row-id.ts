// The primary key of a row: its encoded key, or for long ones their beginning and a hash of the whole,
// since an index of Postgres takes about 2,700 bytes. Rows lie in the order of their keys, but for long
// ones with the same beginning.
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

const idBytesMax = 1024;
const hashBytes = 32;

export function rowId(key: Uint8Array): Buffer {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  if (bytes.length <= idBytesMax - hashBytes) return Buffer.from(bytes);
  const hash = createHash('sha256').update(bytes).digest();
  return Buffer.concat([bytes.subarray(0, idBytesMax - hashBytes), hash]);
}
