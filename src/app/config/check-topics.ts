// Topics that streams are bound to, before anything is opened: a format that has no messages, options
// that the format does not know, a registry that is missing.
import type { KafkaBinding } from '../../adapters/kafka/kafka.ts';
import { createMessageDecoder } from '../../adapters/kafka/source/message-decoder.ts';
import { systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { StreamNode } from '../../plan/plan.ts';
import { formats } from '../formats.ts';
import type { Findings } from './findings.ts';

/** Adds what is wrong with how a stream's messages are decoded. */
export function checkTopic(binding: KafkaBinding, stream: StreamNode, findings: Findings): void {
  try {
    createMessageDecoder(binding.options, {
      stream: stream.name,
      rowType: { fields: stream.fields },
      eventTimeField: stream.eventTime.field,
      formats,
      clock: systemClock,
      baseDirectory: '.',
      signal: new AbortController().signal,
      startAt: new Map(),
    });
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const text: [string, string] = [error.message, error.fix ?? ''];
    findings.add('error', error.code, `streams.${stream.name}`, text);
  }
}
