// Files as tables of Flink: one path a stream, and the feature log's Parquet files by day, each window
// group in a folder of its own. Paths are absolute: the cluster knows no folder of ours.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SinkTable, SourceTable } from '../../flink/flink-tables.ts';
import type { Source } from '../../ports/source.ts';
import type { Findings } from '../config/findings.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { instantsOf } from './instants-of.ts';

const formats: readonly string[] = ['json', 'csv', 'parquet'];

/** The table of a binding of files; null, and a problem, when Flink cannot read it. */
export function filesTable(
  { baseDirectory }: ResolvedProject,
  source: Source,
  place: string,
  findings: Findings,
): SourceTable | null {
  const { paths = [], records } = source;
  const [path] = paths;
  const format = records?.format ?? '';
  if (path === undefined || paths.length > 1 || /[*?[{]/.test(path) || !formats.includes(format)) {
    findings.add('error', 'MR_FLINK_BINDING', place, [
      `Flink cannot read ${source.description}`,
      'bind the stream to a Kafka topic, or to one file or folder of JSON, CSV or Parquet',
    ]);
    return null;
  }
  const options = { formatOptions: records?.options ?? {} };
  const isIso = options.formatOptions['timestamp'] === 'iso' && format === 'json';
  return {
    connector: 'filesystem',
    instants: instantsOf(options, place, findings),
    options: {
      path: fileUrl(baseDirectory, path),
      format,
      ...(format === 'parquet' ? {} : { [`${format}.ignore-parse-errors`]: 'true' }),
      ...(isIso ? { 'json.timestamp-format.standard': 'ISO-8601' } : {}),
    },
  };
}

/** Name of the log of one window of a view. */
export function flinkLogName(view: string, group: string): string {
  return `${view}.${group}`;
}

/** Where the rows of a view's groups are logged; null without a feature log of files. */
export function parquetTable(
  { environment, baseDirectory }: ResolvedProject,
  view: string,
): ((group: string) => SinkTable) | null {
  const directory = environment.offline?.directory;
  if (directory === undefined) return null;
  return (group) => ({
    options: {
      connector: 'filesystem',
      path: fileUrl(baseDirectory, `${directory}/${flinkLogName(view, group)}`),
      format: 'parquet',
      'parquet.compression': 'ZSTD',
      'parquet.utc-timezone': 'true',
      'parquet.write.int64.timestamp': 'true',
      'parquet.timestamp.time.unit': 'millis',
    },
  });
}

function fileUrl(baseDirectory: string, path: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//.test(path)) return path;
  return pathToFileURL(resolve(baseDirectory, path)).href;
}
