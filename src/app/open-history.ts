// A stream's records as history: input that ends, read without waiting, what was replayed included.
import { type Clock, systemClock } from '../kernel/clock.ts';
import { MillraceError } from '../kernel/errors/millrace-error.ts';
import type { StreamNode } from '../plan/plan.ts';
import type { SourceSplit } from '../ports/source.ts';
import { streamSource } from './dead-letters/stream-records.ts';
import { formats } from './formats.ts';
import type { ResolvedProject } from './config/resolve-project.ts';

/** Opens the splits of a stream; throws MR_CONFIG_INVALID when it has no history, or none that ends. */
export async function openHistory(
  project: ResolvedProject,
  stream: StreamNode,
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly SourceSplit[]> {
  const { baseDirectory, env } = project;
  if (stream.rowsOf !== undefined) throw withoutHistory(stream.rowsOf);
  const bound = streamSource(project, stream.name);
  const source = bound?.bounded === false ? bound.history : bound;
  if (source === undefined) {
    throw new MillraceError(
      'MR_CONFIG_INVALID',
      `stream "${stream.name}" has no history that ends`,
      {
        context: { path: `environments.${env}.streams.${stream.name}` },
        fix: 'bind it to files that are not looped, in this or another environment',
      },
    );
  }
  return source.open({
    stream: stream.name,
    rowType: { fields: stream.fields },
    eventTimeField: stream.eventTime.field,
    startAt: new Map(),
    formats,
    clock: skippingClock(),
    baseDirectory,
    signal,
  });
}

/** Rows of a view are handed on, not kept: what is made of them cannot be computed again from records. */
function withoutHistory(view: string): MillraceError {
  const message = `rows of view "${view}" have no history: what is made of them is not computed again`;
  return new MillraceError('MR_CONFIG_INVALID', message, {
    fix: 'take training sets from the feature log: --mode logged',
  });
}

/** A clock whose waits are over at once: paced sources run through. */
function skippingClock(): Clock {
  let skippedMs = 0;
  return {
    ...systemClock,
    nowMs: () => systemClock.nowMs() + skippedMs,
    monotonicMs: () => systemClock.monotonicMs() + skippedMs,
    sleep: (ms) => {
      skippedMs += ms;
      return Promise.resolve();
    },
  };
}
