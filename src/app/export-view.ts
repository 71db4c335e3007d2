// The newest row of every entity of a view, as a file: key columns, event_time, features.
import { resolve } from 'node:path';
import { createRowReader } from '../columns/packed-row-reader.ts';
import { tableFiles } from '../formats/table/table-files.ts';
import { decodeKey } from '../kernel/key-encoding.ts';
import type { Field, Value } from '../kernel/types/field-type.ts';
import { type ViewNode, featureFields } from '../plan/plan.ts';
import type { OnlineStore } from '../ports/online-store.ts';

/** What `app.export` wrote. */
export interface ExportResult {
  readonly view: string;
  /** Entities. */
  readonly rows: number;
  /** Absolute path of the file. */
  readonly out: string;
}

const rowsPerWrite = 8192;

export async function exportView(
  store: OnlineStore,
  view: ViewNode,
  out: string,
): Promise<ExportResult> {
  const keys: readonly Field[] = view.key.map(({ name, type, nullable }) => ({
    name,
    type,
    nullable,
  }));
  const features = featureFields(view);
  const eventTime: Field = { name: 'event_time', type: { kind: 'timestamp' }, nullable: false };
  const fields = [...keys, eventTime, ...features];
  const reader = createRowReader(features);
  const path = resolve(out);
  const writer = await tableFiles.create(path, fields);
  let rows = 0;
  let columns: Value[][] = fields.map(() => []);
  const writeOut = async (): Promise<void> => {
    await writer.write(columns, columns[0]?.length ?? 0);
    columns = fields.map(() => []);
  };
  try {
    for await (const { key, row } of store.scan(view.name)) {
      const keyValues = decodeKey(keys, key);
      for (const [i, { name }] of keys.entries()) columns[i]?.push(keyValues[name] ?? null);
      columns[keys.length]?.push(reader.eventTimeMs(row));
      for (let i = 0; i < features.length; i++) {
        columns[keys.length + 1 + i]?.push(reader.value(row, i));
      }
      if (++rows % rowsPerWrite === 0) await writeOut();
    }
    await writeOut();
    await writer.close();
  } catch (error) {
    await writer.discard();
    throw error;
  }
  return { view: view.name, rows, out: path };
}
