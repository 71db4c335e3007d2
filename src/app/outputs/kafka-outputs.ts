// A job's writers to Kafka, and where the dead letters and late records of its streams go: those of a
// Kafka stream to topics beside it, those of others to files.
import type { LateRecordSink, DeadLetterSink } from '../../ports/dead-letter-sink.ts';
import { deadLetterJson, lateRecordJson, type Pipeline } from '../../ports/dead-letter-record.ts';
import { type KafkaWriter, openKafkaWriter } from '../../adapters/kafka/sink/kafka-writer.ts';
import { nothing } from '../../adapters/kafka/sink/record-batch.ts';
import { transactionTimeoutMs } from '../../adapters/kafka/sink/transaction-timeout.ts';
import { deadLetterTopic, lateRecordTopic } from '../../adapters/kafka/sink/side-topics.ts';
import type { JobAuthority } from '../../engine/job/job-output.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { jobName } from '../recovery/checkpoint-place.ts';
import { storedViews } from '../stored-views.ts';
import { isKafkaBinding } from './kafka-binding.ts';
import { outputValues } from './output-values.ts';
import { planKafkaWriters } from './plan-kafka-writers.ts';

export interface KafkaOutputsRequest {
  readonly hasCheckpoints: boolean;
  /** Results may appear twice: offsets that somebody has moved are put back. */
  readonly acceptsDuplicates: boolean;
  readonly clock: Clock;
  readonly report: (message: string) => void;
}

/** Closed by the job that has its sinks, or by `close` when none was started. */
export interface KafkaOutputs {
  readonly sinks: readonly KafkaWriter[];
  /** The writer whose transactions decide which checkpoint counts. */
  readonly authority: JobAuthority | null;
  deadLetters(others: DeadLetterSink, pipeline: Pipeline): DeadLetterSink;
  lateRecords(others: LateRecordSink): LateRecordSink;
  close(): Promise<void>;
}

interface SideTopic {
  readonly writer: KafkaWriter;
  readonly topic: string;
}

export async function openKafkaOutputs(
  project: ResolvedProject,
  request: KafkaOutputsRequest,
): Promise<KafkaOutputs> {
  const { checkpoints } = project.settings;
  const job = jobName(project);
  const views = storedViews(project.plan);
  const sideTopics = new Map<string, SideTopic>();
  const sinks: KafkaWriter[] = [];
  const close = async (): Promise<void> => {
    for (const writer of sinks) await writer.close();
  };
  try {
    for (const { name, options, delivery, outputs, readTopics } of planKafkaWriters({
      ...project,
      job,
    })) {
      const written = views.flatMap((view) =>
        outputs.filter((o) => o.view === view.view).map(({ topic }) => ({ view, topic })),
      );
      const writer = await openKafkaWriter({
        access: options,
        name,
        job,
        delivery,
        outputs: await Promise.all(
          written.map(async (one) => ({ ...one, values: await outputValues(project, one.view) })),
        ),
        readTopics,
        epochs:
          checkpoints === null || !request.hasCheckpoints
            ? null
            : {
                transactionTimeoutMs: transactionTimeoutMs(checkpoints),
                acceptsMovedOffsets: request.acceptsDuplicates,
              },
        clock: request.clock,
        report: request.report,
      });
      sinks.push(writer);
      for (const { stream, topic } of readTopics.filter(standsAlone(project))) {
        sideTopics.set(stream, { writer, topic });
      }
    }
  } catch (error) {
    await close();
    throw error;
  }
  // What a second job sets aside stays in its own files.
  const topics = project.variant === null ? sideTopics : new Map<string, SideTopic>();
  return {
    sinks,
    authority: authorityOf(sinks),
    deadLetters: (others, pipeline) => deadLetterTopics(topics, others, pipeline),
    lateRecords: (others) => lateRecordTopics(topics, others),
    close,
  };
}

/** Records of a source of several topics are set aside in files. */
function standsAlone({ environment }: ResolvedProject) {
  return ({ stream }: { readonly stream: string }): boolean =>
    isKafkaBinding(environment.streams[stream]);
}

function authorityOf(sinks: readonly KafkaWriter[]): JobAuthority | null {
  for (const { epochs } of sinks) {
    if (epochs.authority !== undefined) return { sink: epochs.name, epochs: epochs.authority };
  }
  return null;
}

function deadLetterTopics(
  topics: ReadonlyMap<string, SideTopic>,
  others: DeadLetterSink,
  pipeline: Pipeline,
): DeadLetterSink {
  return {
    ...(others.epochs === undefined ? {} : { epochs: others.epochs }),
    close: () => others.close(),
    write: async (letters) => {
      const rest = letters.filter(({ stream }) => !topics.has(stream));
      for (const letter of letters) {
        const side = topics.get(letter.stream);
        if (side === undefined) continue;
        const { origin, timestampMs } = letter;
        const headers = origin?.headers.map(([name, value]) => ({
          name: Buffer.from(name),
          value,
        }));
        const key = origin?.key ?? null;
        await side.writer.writeRecord(deadLetterTopic(side.topic), {
          key: key === null ? nothing : { bytes: key, start: 0, end: key.length },
          value: textRange(deadLetterJson(letter, pipeline)),
          timestampMs,
          headers: headers ?? [],
        });
      }
      if (rest.length > 0) await others.write(rest);
    },
  };
}

function lateRecordTopics(
  topics: ReadonlyMap<string, SideTopic>,
  others: LateRecordSink,
): LateRecordSink {
  return {
    ...(others.epochs === undefined ? {} : { epochs: others.epochs }),
    close: () => others.close(),
    write: async (records) => {
      const rest = records.filter(({ stream }) => !topics.has(stream));
      for (const record of records) {
        const side = topics.get(record.stream);
        if (side === undefined) continue;
        await side.writer.writeRecord(lateRecordTopic(side.topic), {
          key: nothing,
          value: textRange(lateRecordJson(record, 0)),
          timestampMs: record.eventTimeMs,
          headers: [],
        });
      }
      if (rest.length > 0) await others.write(rest);
    },
  };
}

function textRange(text: string): { bytes: Uint8Array; start: number; end: number } {
  const bytes = Buffer.from(text);
  return { bytes, start: 0, end: bytes.length };
}
