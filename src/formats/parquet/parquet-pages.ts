// The pages of one column chunk that is not nested: definition levels become row numbers, dictionary
// indices stay indices, values stay raw. Values of one page end where the page says; what does not
// add up throws, and the caller names the file.
import type { ColumnMetaData, DecodedArray, SchemaElement } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage, readDataPage } from 'hyparquet/src/datapage.js';
import { readPlain } from 'hyparquet/src/plain.js';
import { compressors } from './parquet-file.ts';

type PageHeader = ReturnType<typeof parquetHeader>;

/** What is done with the pages of a chunk, in order. */
export interface PageConsumer {
  /** Whether it takes texts as they lie in their page, instead of an array for each. */
  readonly takesPacked: boolean;
  /** Entries that indices of the following pages mean. */
  dictionary(values: PageValues): void;
  /** Rows `[at, at + count)`: the k-th value that is not null belongs to `rows[k]`, or to row `at + k`. */
  page(page: ValuePage): void;
}

export interface ValuePage {
  readonly at: number;
  readonly count: number;
  /** Rows of the values; null when no value of the page is null. */
  readonly rows: Int32Array | null;
  /** How many values are not null. */
  readonly valueCount: number;
  /** Indices into the dictionary, or null when `values` has the values themselves. */
  readonly indices: Int32Array | null;
  readonly values: PageValues;
}

export type PageValues = DecodedArray | PackedTexts;

/** Texts as they lie in a page: text i is `data[starts[i] .. ends[i])`. */
export class PackedTexts {
  readonly data: Uint8Array;
  readonly length: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;

  /** Reads `length` texts of the PLAIN encoding: each after its length. */
  constructor(data: Uint8Array, length: number) {
    this.data = data;
    this.length = length;
    this.starts = new Int32Array(length);
    this.ends = new Int32Array(length);
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    let at = 0;
    for (let i = 0; i < length; i++) {
      const start = at + 4;
      at = start + view.getUint32(at, true);
      this.starts[i] = start;
      this.ends[i] = at;
    }
    if (at > data.length) throw new Error('a page ends before its values');
  }
}

/** Feeds the consumer with a chunk of `rowCount` rows. */
export function readPages(
  bytes: Uint8Array,
  meta: ColumnMetaData,
  element: SchemaElement,
  { rowCount, consumer }: { readonly rowCount: number; readonly consumer: PageConsumer },
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = { view, offset: 0 };
  let at = 0;
  while (at < rowCount) {
    if (reader.offset >= bytes.length) throw new Error('its pages hold fewer rows than it says');
    const header = parquetHeader(reader);
    const body = bytes.subarray(reader.offset, reader.offset + header.compressed_page_size);
    reader.offset += header.compressed_page_size;
    if (header.type === 'DICTIONARY_PAGE') {
      consumer.dictionary(readDictionary({ body, header, meta, element }, consumer.takesPacked));
    } else if (header.type === 'DATA_PAGE' || header.type === 'DATA_PAGE_V2') {
      const page = readValues({ body, header, meta, element }, at, consumer.takesPacked);
      if (at + page.count > rowCount) throw new Error('its pages hold more rows than it says');
      consumer.page(page);
      at += page.count;
    }
  }
}

function readDictionary(raw: RawPage, takesPacked: boolean): PageValues {
  const { body, header, meta, element } = raw;
  const page = decompressPage(body, header.uncompressed_page_size, meta.codec, compressors);
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const count = header.dictionary_page_header?.num_values ?? 0;
  if (takesPacked && meta.type === 'BYTE_ARRAY') return new PackedTexts(page, count);
  return readPlain({ view, offset: 0 }, meta.type, count, element.type_length);
}

interface RawPage {
  readonly body: Uint8Array;
  readonly header: PageHeader;
  readonly meta: ColumnMetaData;
  readonly element: SchemaElement;
}

function readValues(raw: RawPage, at: number, takesPacked: boolean): ValuePage {
  const { header, element, meta } = raw;
  const { levels, data, count, encoding } =
    header.type === 'DATA_PAGE' ? splitVersion1(raw) : splitVersion2(raw);
  const isOptional = element.repetition_type !== 'REQUIRED';
  const rows = isOptional && levels !== null ? presentRows(levels, count, at) : null;
  const valueCount = rows?.length ?? count;
  const page = { at, count, rows, valueCount };
  if (encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY') {
    const indices = new Int32Array(valueCount);
    if (valueCount > 0) readHybrid(data, 1, data[0] as number, indices);
    return { ...page, indices, values: [] };
  }
  const isPacked = takesPacked && encoding === 'PLAIN' && meta.type === 'BYTE_ARRAY';
  const values = isPacked ? new PackedTexts(data, valueCount) : plainValues(raw, data, valueCount);
  return { ...page, indices: null, values };
}

/** Values of any other encoding: the library reads them as a page without nulls. */
function plainValues(raw: RawPage, data: Uint8Array, valueCount: number): DecodedArray {
  const { header, meta } = raw;
  const element: SchemaElement = { ...raw.element, repetition_type: 'REQUIRED' };
  const encoding = header.data_page_header?.encoding ?? header.data_page_header_v2?.encoding;
  const daph = {
    num_values: valueCount,
    encoding: encoding ?? 'PLAIN',
    definition_level_encoding: 'RLE',
    repetition_level_encoding: 'RLE',
  } as const;
  const decoder = { ...meta, pathInSchema: meta.path_in_schema, element, schemaPath: [] };
  return readDataPage(data, daph, decoder as unknown as Parameters<typeof readDataPage>[2])
    .dataPage;
}

interface SplitPage {
  /** Definition levels (0 or 1), or null when nothing is null. */
  readonly levels: Uint8Array | null;
  readonly data: Uint8Array;
  readonly count: number;
  readonly encoding: string;
}

function splitVersion1({ body, header, meta, element }: RawPage): SplitPage {
  const page = decompressPage(body, header.uncompressed_page_size, meta.codec, compressors);
  const count = header.data_page_header?.num_values ?? 0;
  const encoding = header.data_page_header?.encoding ?? 'PLAIN';
  if (element.repetition_type === 'REQUIRED') return { levels: null, data: page, count, encoding };
  const length = new DataView(page.buffer, page.byteOffset).getUint32(0, true);
  const levels = readLevels(page.subarray(4, 4 + length), count);
  return { levels, data: page.subarray(4 + length), count, encoding };
}

function splitVersion2({ body, header, meta }: RawPage): SplitPage {
  const info = header.data_page_header_v2;
  if (info === undefined) throw new Error('a page has no header');
  const levelsLength = info.definition_levels_byte_length;
  const start = info.repetition_levels_byte_length + levelsLength;
  const { num_values: count, encoding } = info;
  const levels =
    info.num_nulls === 0 ? null : readLevels(body.subarray(start - levelsLength, start), count);
  const packed = body.subarray(start);
  const data =
    info.is_compressed === false
      ? packed
      : decompressPage(packed, header.uncompressed_page_size - start, meta.codec, compressors);
  return { levels, data, count, encoding };
}

/** Levels of one bit, or null when all are 1. */
function readLevels(bytes: Uint8Array, count: number): Uint8Array | null {
  // One run of the same level is how a page without nulls looks.
  const { value: header, next } = readVarint(bytes, 0);
  if ((header & 1) === 0 && header >>> 1 >= count && bytes[next] === 1) return null;
  const levels = new Uint8Array(count);
  readHybrid(bytes, 0, 1, levels);
  return levels;
}

function presentRows(levels: Uint8Array, count: number, at: number): Int32Array {
  const rows = new Int32Array(count);
  let present = 0;
  for (let i = 0; i < count; i++) if (levels[i] === 1) rows[present++] = at + i;
  return rows.subarray(0, present);
}

/** Fills `into` from runs of the RLE / bit-packing hybrid of `width` bits that begin at `start`. */
function readHybrid(
  bytes: Uint8Array,
  start: number,
  width: number,
  into: Int32Array | Uint8Array,
): void {
  if (width > 31) throw new Error('an index is wider than 31 bits');
  let p = start;
  let filled = 0;
  while (filled < into.length) {
    if (p >= bytes.length) throw new Error('a page ends before its values');
    const { value: header, next } = readVarint(bytes, p);
    p = next;
    if ((header & 1) === 1) {
      const count = Math.min((header >>> 1) * 8, into.length - filled);
      unpack(bytes, p, width, into.subarray(filled, filled + count));
      p += (header >>> 1) * width;
      filled += count;
      continue;
    }
    let value = 0;
    for (let shift = 0; shift < width; shift += 8) value |= (bytes[p++] as number) << shift;
    const count = Math.min(header >>> 1, into.length - filled);
    into.fill(value, filled, filled + count);
    filled += count;
    if (count === 0) throw new Error('a page has an empty run');
  }
}

/** Unpacks values of `width` bits, least significant bit first. */
function unpack(
  bytes: Uint8Array,
  start: number,
  width: number,
  into: Int32Array | Uint8Array,
): void {
  if (start + Math.ceil((into.length * width) / 8) > bytes.length) {
    throw new Error('a page ends before its values');
  }
  const mask = width === 31 ? 0x7fffffff : (1 << width) - 1;
  let buffer = 0;
  let bits = 0;
  let p = start;
  for (let i = 0; i < into.length; i++) {
    while (bits < width && bits <= 24) {
      buffer |= (bytes[p++] as number) << bits;
      bits += 8;
    }
    if (bits >= width) {
      into[i] = buffer & mask;
      buffer >>>= width;
      bits -= width;
    } else {
      // The value goes past what 32 bits hold: its high bits are in the next byte.
      const next = bytes[p++] as number;
      into[i] = (buffer | (next << bits)) & mask;
      buffer = next >>> (width - bits);
      bits += 8 - width;
    }
  }
}

function readVarint(bytes: Uint8Array, start: number): { value: number; next: number } {
  let value = 0;
  let p = start;
  for (let shift = 0; shift < 32; shift += 7) {
    const byte = bytes[p++];
    if (byte === undefined) throw new Error('a page ends before its values');
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return { value: value >>> 0, next: p };
}
