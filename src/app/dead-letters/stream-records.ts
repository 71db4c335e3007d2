// Streams of an environment together with what was set aside of them: a source that can be replayed
// into, and the records that lie beside it. Kafka keeps both in topics, all others in files.
import { isAbsolute, join } from 'node:path';
import { recordDecoder, messagesOf, withReplays } from '../../adapters/file/replay-source.ts';
import { openSetAsideFiles } from '../../adapters/file/set-aside-files.ts';
import type { KafkaBinding } from '../../adapters/kafka/kafka.ts';
import { createMessageDecoder } from '../../adapters/kafka/source/message-decoder.ts';
import { readRow } from '../../columns/read-value.ts';
import { systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import { type StreamNode, streamOf } from '../../plan/plan.ts';
import type { MessageDecoder, MessageResult } from '../../ports/format.ts';
import type { SetAsideRecords } from '../../ports/set-aside.ts';
import type { Source } from '../../ports/source.ts';
import { formats } from '../formats.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';

const defaultDeadLetters = './.millrace/dead-letters';

/** Folder of the dead letters and late records of a job that are in files, absolute. */
export function deadLetterFolder({ environment, baseDirectory, variant }: ResolvedProject): string {
  const { deadLetters } = environment;
  const given = typeof deadLetters === 'string' ? deadLetters : deadLetters?.directory;
  const folder = given ?? defaultDeadLetters;
  const path = isAbsolute(folder) ? folder : join(baseDirectory, folder);
  return variant === null ? path : `${path}.${variant}`;
}

/** Where a stream's records come from, those that were replayed included; undefined when unbound. */
export function streamSource(project: ResolvedProject, stream: string): Source | undefined {
  const source = project.environment.streams[stream];
  if (source === undefined || source.openSetAside !== undefined) return source;
  // A second job reads what was replayed into the stream of the first: it is the same stream.
  return withReplays(source, deadLetterFolder({ ...project, variant: null }));
}

/** Opens what was set aside of a stream; the caller closes it. */
export function openSetAside(
  project: ResolvedProject,
  stream: string,
  mode: 'read' | 'write',
): Promise<SetAsideRecords> {
  const views = project.plan.views.filter((view) => streamOf(project.plan, view).name === stream);
  const context = {
    stream,
    mode,
    directory: deadLetterFolder(project),
    views: views.map(({ name }) => name),
  };
  const source = project.environment.streams[stream];
  // Second jobs leave the topics to the first.
  if (source?.openSetAside === undefined || project.variant !== null) {
    return openSetAsideFiles(context);
  }
  return source.openSetAside(context);
}

/** The streams that a filter means; throws MR_CONFIG_UNBOUND_STREAM for a name that is none. */
export function streamsMeant(
  { streamsInUse }: ResolvedProject,
  stream: string | undefined,
): readonly string[] {
  if (stream === undefined) return streamsInUse;
  if (streamsInUse.includes(stream)) return [stream];
  throw new MillraceError('MR_CONFIG_UNBOUND_STREAM', `no view reads a stream "${stream}"`, {
    fix: suggestName(stream, streamsInUse),
  });
}

export function streamNode({ plan }: ResolvedProject, name: string): StreamNode {
  const stream = plan.streams.find((node) => node.name === name);
  if (stream === undefined) throw new Error(`plan has no stream "${name}"`);
  return stream;
}

/** What one record's bytes are under today's definition. */
export type ReadRecord =
  | { readonly row: Readonly<Record<string, Value>> }
  | { readonly problem: string };

/** Reads a record as the stream of today would: for fixes before they are kept. */
export function recordReader(
  project: ResolvedProject,
  name: string,
): (bytes: Uint8Array) => Promise<ReadRecord> {
  const stream = streamNode(project, name);
  const decoder = decoderOf(project, stream);
  return async (bytes) => {
    const { batch, errors } = await decodedRecord(decoder, bytes);
    const [error] = errors;
    if (error !== undefined) return { problem: `${error.code}: ${error.message}` };
    const row = readRow(batch.columns, batch.fields, 0);
    const time = stream.eventTime.field;
    return row[time] == null ? { problem: `MR_DATA_EVENT_TIME: "${time}" is null` } : { row };
  };
}

/** A record may need the schema that it was written with, which has to be fetched first. */
async function decodedRecord(decoder: MessageDecoder, bytes: Uint8Array): Promise<MessageResult> {
  for (;;) {
    const input = messagesOf([{ bytes, offset: 0 }]);
    const result = decoder.decode(input);
    if (result.consumed > 0 || result.waitFor === undefined) return result;
    await result.waitFor;
  }
}

function decoderOf(project: ResolvedProject, stream: StreamNode): MessageDecoder {
  const source = project.environment.streams[stream.name];
  const rowType = { fields: stream.fields };
  if (source === undefined || !isTopic(source)) {
    return recordDecoder(formats, source?.records, rowType);
  }
  return createMessageDecoder(source.options, {
    stream: stream.name,
    rowType,
    eventTimeField: stream.eventTime.field,
    formats,
    clock: systemClock,
    baseDirectory: project.baseDirectory,
    signal: new AbortController().signal,
    startAt: new Map(),
  });
}

function isTopic(source: Source): source is KafkaBinding {
  return 'kind' in source && source.kind === 'kafka';
}
