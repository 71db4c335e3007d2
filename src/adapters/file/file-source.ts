// `file(…)`: files of records as a source. One file is one split; what a file holds is for the format.
import { extname } from 'node:path';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import type { FileFormat, RecordFormat } from '../../ports/format.ts';
import type { Source, SourceContext, SourceSplit } from '../../ports/source.ts';
import { checkNoneGone } from './file-position.ts';
import { FileSplit } from './file-split.ts';
import { type FoundFile, findFiles } from './file-paths.ts';
import { LoopedSplit } from './looped-split.ts';
import type { Compression } from './open-byte-input.ts';
import { PacedSplit, type Pacing } from './paced-split.ts';
import { RecordSplit } from './record-split.ts';

/** How files are read; everything is optional. */
export interface FileOptions {
  /** Replays by event time this many times as fast as it happened: 60 = an hour a minute. */
  readonly speed?: number;
  /** Replays this many records a second, over all files together. Not together with `speed`. */
  readonly ratePerSecond?: number;
  /** Starts again at the end, with event times moved forward so that time never goes back. */
  readonly loop?: boolean;
  /** `'json'`, `'csv'`, `'parquet'`; default: by the file's ending. */
  readonly format?: string;
  /** Options of the format, e.g. `{ timestamp: 'iso' }`. */
  readonly formatOptions?: Readonly<Record<string, unknown>>;
}

const formatsByExtension: Readonly<Record<string, string>> = {
  '.jsonl': 'json',
  '.ndjson': 'json',
  '.json': 'json',
  '.csv': 'csv',
  '.parquet': 'parquet',
};

const compressions: Readonly<Record<string, Compression>> = { '.gz': 'gzip', '.zst': 'zstd' };

/**
 * A source of files: one path, several, or patterns (`./data/2024-*.jsonl.gz`). **Shape**: `.jsonl`
 * `.ndjson` `.json` (an object a line), `.csv`, `.parquet`, each but Parquet also as `.gz` or `.zst`;
 * one file is one split. **Order**: rows of a file in its order; of several files interleaved.
 * **Guarantee**: bounded (unless `loop`); every record is a row or a dead letter; a compressed file
 * that is cut short keeps the rows before the cut and says so in a dead letter (MR_FILE_TRUNCATED).
 * A run that is recovered goes on after the last row that counts: at the byte in plain files, after
 * decompressing what came before in compressed ones, at the row in Parquet; new files are read from
 * their beginning, files that have grown from where they ended.
 * **Errors** at start: MR_FILE_NOT_FOUND, MR_FILE_ACCESS, MR_FILE_FORMAT, MR_CONFIG_INVALID;
 * MR_SOURCE_POSITION for a file that is gone or shorter than what was read of it.
 */
export function file(paths: string | readonly string[], options: FileOptions = {}): Source {
  const patterns = typeof paths === 'string' ? [paths] : [...paths];
  const pacing = resolvePacing(options);
  return {
    description: `file ${patterns.join(', ')}`,
    bounded: options.loop !== true,
    paths: patterns,
    ...recordsOf(patterns, options),
    open: async (context) => {
      const files = await findFiles(patterns, context.baseDirectory);
      checkNoneGone(context.startAt, new Set(files.map(({ name }) => name)));
      const share = pacing === null ? null : sharePacing(pacing, files.length);
      return files.map((found) => {
        const start = context.startAt.get(found.name);
        const open = splitOpener(found, options, context);
        if (share === null) return open(start);
        return new PacedSplit({ id: found.name, open, pacing: share, context, start });
      });
    },
  };
}

/** What is known of single records before any file is found. */
function recordsOf(patterns: readonly string[], options: FileOptions): Pick<Source, 'records'> {
  const name = options.format ?? formatNamed(patterns[0] ?? '');
  if (name === undefined) return {};
  return { records: { format: name, options: options.formatOptions ?? {} } };
}

function formatNamed(path: string): string | undefined {
  const last = extname(path).toLowerCase();
  const inner = last in compressions ? extname(path.slice(0, -last.length)) : last;
  return formatsByExtension[inner.toLowerCase()];
}

/** Opens the split of a file at a position. */
type OpenSplit = (start: JsonValue | undefined) => SourceSplit;

function splitOpener(found: FoundFile, options: FileOptions, context: SourceContext): OpenSplit {
  const { format, compression } = formatOf(found, options, context);
  const formatOptions = options.formatOptions ?? {};
  if (format.kind === 'file' && Object.keys(formatOptions).length > 0) {
    throw new MillraceError('MR_CONFIG_INVALID', `format ${format.name} has no options`, {
      context: { path: found.path },
      fix: 'remove formatOptions of the source',
    });
  }
  const { name: id, path } = found;
  const { rowType } = context;
  const open = (start: JsonValue | undefined): SourceSplit =>
    format.kind === 'file'
      ? new FileSplit({ id, path, format, rowType, start })
      : new RecordSplit({
          id,
          path,
          compression,
          createDecoder: () => format.createDecoder(rowType, formatOptions),
          start,
        });
  return options.loop === true ? (start) => new LoopedSplit({ id, open, context, start }) : open;
}

function formatOf(
  found: FoundFile,
  options: FileOptions,
  context: SourceContext,
): { readonly format: RecordFormat | FileFormat; readonly compression: Compression } {
  const last = extname(found.path).toLowerCase();
  const compression = compressions[last] ?? 'none';
  const name = options.format ?? formatNamed(found.path);
  const inFiles = [...context.formats.values()].filter((known) => known.kind !== 'messages');
  const format = inFiles.find((known) => known.name === name);
  if (format === undefined) {
    throw unknownFormat(
      found,
      name,
      inFiles.map(({ name: known }) => known),
    );
  }
  if (format.kind === 'file' && compression !== 'none') {
    throw new MillraceError(
      'MR_FILE_FORMAT',
      `"${found.name}" is compressed ${format.name}: it cannot be read from any place`,
      { context: { path: found.path }, fix: `decompress it; ${format.name} compresses inside` },
    );
  }
  return { format, compression };
}

function unknownFormat(
  found: FoundFile,
  name: string | undefined,
  known: readonly string[],
): MillraceError {
  const endings = Object.keys(formatsByExtension).join(' ');
  const message =
    name === undefined
      ? `the ending of "${found.name}" names no format`
      : `format "${name}" of "${found.name}" is not known`;
  return new MillraceError('MR_FILE_FORMAT', message, {
    context: { path: found.path },
    fix: `use an ending of ${endings} (.gz, .zst), or option format: ${known.join(', ')}`,
  });
}

function resolvePacing({ speed, ratePerSecond }: FileOptions): Pacing | null {
  for (const [name, value] of Object.entries({ speed, ratePerSecond })) {
    if (value !== undefined && !(value > 0 && Number.isFinite(value))) {
      throw new MillraceError('MR_CONFIG_INVALID', `file: ${name} must be a number above 0`);
    }
  }
  if (speed !== undefined && ratePerSecond !== undefined) {
    throw new MillraceError(
      'MR_CONFIG_INVALID',
      'file: speed and ratePerSecond exclude each other',
      {
        fix: 'keep one of them',
      },
    );
  }
  if (speed !== undefined) return { kind: 'speed', speed, origin: { eventMs: null, clockMs: 0 } };
  return ratePerSecond === undefined ? null : { kind: 'rate', ratePerSecond };
}

/** A rate is shared by the files; a speed has one start for all of them. */
function sharePacing(pacing: Pacing, splitCount: number): Pacing {
  return pacing.kind === 'rate'
    ? { kind: 'rate', ratePerSecond: pacing.ratePerSecond / splitCount }
    : { ...pacing, origin: { eventMs: null, clockMs: 0 } };
}
