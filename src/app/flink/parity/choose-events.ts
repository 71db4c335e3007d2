// Which events are compared: those of files that are named, those that the environment binds when they
// end, or made up from the streams' schemas.
import { resolve } from 'node:path';
import { file } from '../../../adapters/file/file-source.ts';
import type { InstantEncoding } from '../../../flink/flink-tables.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../../kernel/nearest-name.ts';
import { seededRandom } from '../../../kernel/random.ts';
import { type Plan, type StreamNode, streamOf } from '../../../plan/plan.ts';
import type { Source } from '../../../ports/source.ts';
import type { ResolvedProject } from '../../config/resolve-project.ts';
import { generateEvents } from './generate-events.ts';
import { type ParityEvents, readEvents } from './parity-events.ts';

/** Which events are compared. */
export interface ParityEventOptions {
  /**
   * Files of events, each one partition, in the format that the stream is bound with: a path from the
   * working directory, or `stream=path` where views read several streams. Default: the files that the streams are bound to,
   * else made up.
   */
  readonly events?: readonly string[];
  /** Make up so many events for each stream, whatever it is bound to. Default 1,000 when there are no files. */
  readonly generate?: number;
  /** What is made up follows from it, and the order in which several files are read. Default 1. */
  readonly seed?: number;
  /** Partitions of what is made up. Default 3. */
  readonly partitions?: number;
}

/** Events, and where they are from, for people. */
export interface ChosenEvents {
  readonly from: string;
  readonly events: ParityEvents;
}

const countDefault = 1000;

export async function chooseEvents(
  project: ResolvedProject,
  plan: Plan,
  options: ParityEventOptions,
): Promise<ReadonlyMap<string, ChosenEvents>> {
  const names = new Set(plan.views.map((view) => streamOf(plan, view).name));
  const streams = plan.streams.filter(({ name }) => names.has(name));
  const given = givenFiles(streams, options.events ?? []);
  const chosen = new Map<string, ChosenEvents>();
  for (const stream of streams) {
    const paths = given.get(stream.name);
    chosen.set(stream.name, await eventsOf(project, plan, { ...options, stream, paths }));
  }
  return chosen;
}

/** Paths by the stream that they are of; throws MR_USAGE. */
function givenFiles(
  streams: readonly StreamNode[],
  given: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const names = streams.map(({ name }) => name);
  const pairs = given.map((text): readonly [string, string] => {
    const [, name, path] = /^([A-Za-z_]\w*)=(.+)$/.exec(text) ?? [];
    if (name !== undefined && path !== undefined) {
      if (names.includes(name)) return [name, path];
      throw new MillraceError('MR_USAGE', `no view reads a stream "${name}"`, {
        fix: suggestName(name, names),
      });
    }
    const [only] = names;
    if (only !== undefined && names.length === 1) return [only, text];
    throw new MillraceError('MR_USAGE', `views read several streams: whose events are "${text}"?`, {
      fix: `write stream=path, with one of ${names.join(', ')}`,
    });
  });
  const byName = Map.groupBy(pairs, ([name]) => name);
  return new Map([...byName].map(([name, all]) => [name, all.map(([, path]) => path)]));
}

interface StreamEvents extends ParityEventOptions {
  readonly stream: StreamNode;
  readonly paths: readonly string[] | undefined;
}

async function eventsOf(
  project: ResolvedProject,
  plan: Plan,
  { stream, paths, generate, seed = 1, partitions = 3 }: StreamEvents,
): Promise<ChosenEvents> {
  const bound = project.environment.streams[stream.name];
  const own = bound?.bounded === true && bound.paths !== undefined ? bound : undefined;
  const source = paths === undefined ? own : sourceOf(paths, bound);
  if (source === undefined || (generate !== undefined && paths === undefined)) {
    const count = generate ?? countDefault;
    const events = generateEvents({ plan, stream, count, seed, partitions });
    return { from: `made up, seed ${seed}`, events };
  }
  const events = await readEvents({
    stream,
    source,
    paths: source.paths ?? [],
    instants: instantsOf(source),
    baseDirectory: project.baseDirectory,
    random: seededRandom(seed),
  });
  return { from: (paths ?? source.paths ?? []).join(', '), events };
}

/** Files in the format of the binding: its options are about its records, wherever they lie. */
function sourceOf(paths: readonly string[], bound: Source | undefined): Source {
  const { format, options = {} } = bound?.records ?? {};
  const isOwn = format === 'json' || format === 'csv';
  const absolute = paths.map((path) => resolve(path));
  return file(absolute, isOwn ? { format, formatOptions: options } : {});
}

function instantsOf({ records }: Source): InstantEncoding {
  const { timestamp = 'ms' } = records?.options ?? {};
  return timestamp === 's' || timestamp === 'iso' ? timestamp : 'ms';
}
