// Rows into files: one of its own for each run, in the folder that the path names. A Parquet file has its
// name when it is whole.
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createParquetWriter } from '../../formats/table/parquet-table.ts';
import { refusal } from '../../sql/syntax/sql-error.ts';
import type { SqlTarget } from '../../sql/bind/bind-script.ts';
import { encoderOf } from './row-encoders.ts';
import { type OpenSink, type SinkContext, valuesOf } from './sql-sink.ts';
import { pathOf } from './sql-sources.ts';
import type { TableOptions } from './table-options.ts';

export function filesSink(
  options: TableOptions,
  target: SqlTarget,
  context: SinkContext,
): OpenSink {
  const folder = pathOf(options, context.baseDirectory);
  const format = options.oneOf('format', ['json', 'csv', 'parquet']);
  if (format === 'parquet') {
    options.startingWith('parquet.');
    options.finish();
    return parquetSink(folder, target);
  }
  const encode = encoderOf(options, '', format);
  options.finish();
  return async () => {
    await mkdir(folder, { recursive: true });
    const handle = await open(join(folder, `part-${randomUUID()}.${format}`), 'wx');
    return {
      write: async (rows) => {
        const lines = rows.map((row) => `${encode(target.columns, valuesOf(target, row))}\n`);
        await handle.appendFile(lines.join(''));
      },
      close: () => handle.close(),
    };
  };
}

function parquetSink(folder: string, target: SqlTarget): OpenSink {
  const { at } = target.table;
  const fields = target.columns.map(({ name, type, isNullable }) => {
    if (type.name === 'DECIMAL' && type.precision > 18) {
      const what = `column ${name} has more digits than decimals of Parquet have here`;
      throw refusal(at, what, `DECIMAL(18, ${type.scale})`);
    }
    return { name, type: type.field, nullable: isNullable };
  });
  return async () => {
    await mkdir(folder, { recursive: true });
    const name = `part-${randomUUID()}.parquet`;
    const unfinished = join(folder, `.${name}.inprogress`);
    const writer = createParquetWriter(unfinished, fields, 'number');
    return {
      write: async (rows) => {
        const values = rows.map((row) => valuesOf(target, row));
        const columns = fields.map((_, i) => values.map((row) => row[i] ?? null));
        await writer.write(columns, rows.length);
      },
      close: async () => {
        await writer.close();
        await rename(unfinished, join(folder, name));
      },
    };
  };
}
