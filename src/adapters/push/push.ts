// `push(…)`: a stream whose records come by request. They lie in a log on this machine until the engine,
// in this process or another, has them in a checkpoint.
import { isAbsolute, join, resolve } from 'node:path';
import { type Duration, parseDuration } from '../../kernel/duration.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import type { RecordFormat } from '../../ports/format.ts';
import type { Source, SourceContext } from '../../ports/source.ts';
import { PushLog } from './push-log.ts';
import { PushSplit, pushSplitId } from './push-split.ts';

/** Options of `push(…)`; everything is optional. */
export interface PushOptions {
  /** Folder of the logs, one folder per stream in it. Default `./.millrace/push`. */
  readonly directory?: string;
  /** How long records stay after every checkpoint is past them: history for training. Default `'7d'`. */
  readonly retain?: Duration;
  /** Above this many bytes what no checkpoint needs goes early, and then nothing more is taken. Default 8 GiB. */
  readonly bytesMax?: number;
  /** Bytes of one file of the log. Default 64 MiB. */
  readonly segmentBytes?: number;
}

interface ResolvedPush {
  readonly directory: string;
  readonly retainMs: number;
  readonly bytesMax: number;
  readonly segmentBytes: number;
}

const names: readonly (keyof PushOptions)[] = ['directory', 'retain', 'bytesMax', 'segmentBytes'];

/** A stream whose records are pushed. */
export interface PushBinding extends Source {
  readonly kind: 'push';
}

/**
 * Binds a stream to records that are pushed: by `POST /push`, or `app.push(stream, rows)`.
 *
 * **Shape**: a record of the stream a row; one split. **Order**: as they were taken, over all processes
 * that take them. **Guarantee**: what was acknowledged is on disk (synced), and is read once into state
 * whatever crashes; positions are in checkpoints. **State growth**: the log keeps records until every
 * retained checkpoint is past them and `retain` is over; above `bytesMax` pushes are refused. Server and
 * engine must see the same folder of a local disk.
 *
 * Errors: MR_CONFIG_INVALID for wrong options; MR_PUSH_FULL, MR_PUSH_LOG when records are taken;
 * MR_SOURCE_POSITION when a job begins at a checkpoint whose records are removed.
 */
export function push(options: PushOptions = {}): PushBinding {
  const resolved = resolveOptions(options);
  return Object.freeze({
    kind: 'push' as const,
    ...sourceOf(resolved, false),
    history: Object.freeze(sourceOf(resolved, true)),
  });
}

function sourceOf(options: ResolvedPush, isBounded: boolean): Source {
  const { retainMs, bytesMax } = options;
  return {
    description: `pushed records in ${options.directory}`,
    bounded: isBounded,
    records: { format: 'json', options: {} },
    open: async (context) => {
      const split = new PushSplit({
        directory: folderOf(options, context),
        stream: context.stream,
        decoder: jsonFormat(context).createDecoder(context.rowType, {}),
        clock: context.clock,
        signal: context.signal,
        start: context.startAt.get(pushSplitId),
        retainMs,
        bytesMax,
        isBounded,
        report: context.report ?? (() => undefined),
      });
      return [await split.open()];
    },
    openPush: (context) =>
      new PushLog({
        directory: folderOf(options, context),
        stream: context.stream,
        clock: context.clock,
        segmentBytes: options.segmentBytes,
        bytesMax,
      }),
  };
}

function folderOf(
  { directory }: ResolvedPush,
  { baseDirectory, stream }: { readonly baseDirectory: string; readonly stream: string },
): string {
  return join(isAbsolute(directory) ? directory : resolve(baseDirectory, directory), stream);
}

function jsonFormat({ formats }: SourceContext): RecordFormat {
  const format = formats.get('json');
  if (format?.kind === 'records') return format;
  throw new MillraceError('MR_INTERNAL', 'there is no format "json"');
}

function resolveOptions(options: PushOptions): ResolvedPush {
  for (const name of Object.keys(options)) {
    if (!names.includes(name as keyof PushOptions)) {
      refuse(`has no option "${name}"`, suggestName(name, names));
    }
  }
  const { directory = './.millrace/push', retain = '7d' } = options;
  const { bytesMax = 8 * 2 ** 30, segmentBytes = 64 * 2 ** 20 } = options;
  const retainMs = parseDuration(retain);
  if (retainMs === null) return refuse(`retain is ${JSON.stringify(retain)}`, "write '7d'");
  for (const [name, value] of Object.entries({ bytesMax, segmentBytes })) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    refuse(`${name} is ${String(value)}`, 'give a whole number of bytes');
  }
  if (typeof directory !== 'string' || directory === '') {
    refuse(`directory is ${JSON.stringify(directory)}`, "write './.millrace/push'");
  }
  return { directory, retainMs, bytesMax, segmentBytes };
}

function refuse(message: string, fix: string): never {
  throw new MillraceError('MR_CONFIG_INVALID', `push(…): ${message}`, { fix });
}
