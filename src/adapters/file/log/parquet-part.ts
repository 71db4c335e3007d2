// One Parquet file being written: row groups are compressed in the background and appended in order
// to a temporary file, which gets its own name only when it is finished.
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import type { ColumnChunk, ColumnMetaData, RowGroup, SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { fileError } from '../file-errors.ts';
import { type LeafPage, varint } from './parquet-leaf.ts';

const compress = promisify(zstdCompress);
const level = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const magic = Uint8Array.of(0x50, 0x41, 0x52, 0x31);

export class ParquetPart {
  readonly #temporaryPath: string;
  readonly #schema: readonly SchemaElement[];
  readonly #rowGroups: RowGroup[] = [];
  #rowCount = 0;
  #length = 0;
  /** Writes of this file, one after the other. */
  #written: Promise<void> = Promise.resolve();

  constructor(temporaryPath: string, columns: readonly SchemaElement[]) {
    this.#temporaryPath = temporaryPath;
    const topLevel = countTopLevel(columns);
    this.#schema = [{ name: 'schema', num_children: topLevel }, ...columns];
  }

  /** Takes a row group; resolves once it is in the temporary file. Row groups keep their order. */
  addRowGroup(rowCount: number, pages: readonly LeafPage[]): Promise<void> {
    const compressed = Promise.all(pages.map(({ page }) => compress(page, level)));
    // Awaited in turn below; until then a failure must not count as unhandled.
    compressed.catch(() => undefined);
    this.#written = this.#written.then(async () => {
      await this.#write(rowCount, pages, await compressed);
    });
    this.#written.catch(() => undefined);
    return this.#written;
  }

  async #write(
    rowCount: number,
    pages: readonly LeafPage[],
    compressed: readonly Uint8Array[],
  ): Promise<void> {
    const parts: Uint8Array[] = this.#length === 0 ? [magic] : [];
    let at = this.#length + (parts[0]?.length ?? 0);
    const columns: ColumnChunk[] = [];
    const begin = at;
    for (const [i, leaf] of pages.entries()) {
      const body = compressed[i] as Uint8Array;
      const header = pageHeader(leaf, body.length);
      columns.push(columnChunk(leaf, at, header.length, body.length));
      parts.push(header, body);
      at += header.length + body.length;
    }
    await this.#append(parts);
    this.#length = at;
    this.#rowCount += rowCount;
    this.#rowGroups.push({
      columns,
      num_rows: BigInt(rowCount),
      total_byte_size: pages.reduce((sum, { page }) => sum + BigInt(page.length), 0n),
      total_compressed_size: BigInt(at - begin),
    });
  }

  async #append(parts: readonly Uint8Array[]): Promise<void> {
    try {
      const handle = await open(this.#temporaryPath, 'a');
      try {
        await handle.writev(parts as Uint8Array[]);
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw fileError(this.#temporaryPath, error);
    }
  }

  /** Writes the footer and gives the file its name, durably. The caller syncs the folder. */
  async finish(path: string): Promise<void> {
    await this.#written;
    try {
      const handle = await open(this.#temporaryPath, 'a');
      try {
        await handle.write(this.#footer());
        await handle.sync();
      } finally {
        await handle.close();
      }
      await mkdir(dirname(path), { recursive: true });
      await rename(this.#temporaryPath, path);
    } catch (error) {
      throw fileError(path, error);
    }
  }

  #footer(): Uint8Array {
    const writer = new ByteWriter();
    const footer = new ParquetWriter({
      writer,
      schema: [...this.#schema],
      codec: 'ZSTD',
      createdBy: 'millrace',
    });
    const headLength = writer.offset;
    footer.row_groups.push(...this.#rowGroups);
    footer.num_rows = BigInt(this.#rowCount);
    void footer.finish();
    return writer.getBytes().subarray(headLength);
  }
}

/** Elements are depth first: children of a group follow it. */
function countTopLevel(elements: readonly SchemaElement[]): number {
  let count = 0;
  for (let i = 0; i < elements.length; count++) {
    let open = 1;
    while (open > 0 && i < elements.length) open += (elements[i++]?.num_children ?? 0) - 1;
  }
  return count;
}

function columnChunk(
  leaf: LeafPage,
  offset: number,
  headerLength: number,
  bodyLength: number,
): ColumnChunk {
  const meta: ColumnMetaData = {
    type: leaf.type,
    encodings: ['PLAIN', 'RLE'],
    path_in_schema: [...leaf.path],
    codec: 'ZSTD',
    num_values: BigInt(leaf.valueCount),
    total_uncompressed_size: BigInt(headerLength + leaf.page.length),
    total_compressed_size: BigInt(headerLength + bodyLength),
    data_page_offset: BigInt(offset),
    statistics: {
      null_count: BigInt(leaf.nullCount),
      ...(leaf.bounds === null ? {} : { min_value: leaf.bounds[0], max_value: leaf.bounds[1] }),
    },
  };
  return { file_offset: 0n, meta_data: meta };
}

/** Thrift compact encoding of a version 1 data page header: PLAIN values, RLE levels. */
function pageHeader(leaf: LeafPage, compressedLength: number): Uint8Array {
  const field = (id: number, value: number): number[] => [(id << 4) | 5, ...varint(value * 2)];
  return Uint8Array.from([
    ...field(1, 0),
    ...field(1, leaf.page.length),
    ...field(1, compressedLength),
    (2 << 4) | 12,
    ...field(1, leaf.valueCount),
    ...field(1, 0),
    ...field(1, 3),
    ...field(1, 3),
    0,
    0,
  ]);
}
