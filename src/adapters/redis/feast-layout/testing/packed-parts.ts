// The texts of one array of MessagePack, as a script in Redis sees them: for tests of what is written.

export function packedParts(bytes: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = view.getUint8(0);
  const isShort = head >> 4 === 0x9;
  if (!isShort && head !== 0xdc) throw new Error(`no array: ${head}`);
  let at = isShort ? 1 : 3;
  const parts: Uint8Array[] = [];
  for (let rest = isShort ? head & 0xf : view.getUint16(1); rest > 0; rest--) {
    const tag = view.getUint8(at);
    const [width, size] = lengthOf(view, at, tag);
    parts.push(bytes.subarray(at + width, at + width + size));
    at += width + size;
  }
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes are left`);
  return parts;
}

function lengthOf(view: DataView, at: number, tag: number): readonly [number, number] {
  if (tag >> 5 === 0b101) return [1, tag & 0x1f];
  if (tag === 0xda) return [3, view.getUint16(at + 1)];
  if (tag === 0xdb) return [5, view.getUint32(at + 1)];
  throw new Error(`no text: ${tag}`);
}
