// The decoder that a binding's format gives: for messages, with what formats with schemas need.
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { MessageDecoder } from '../../../ports/format.ts';
import type { SourceContext } from '../../../ports/source.ts';
import type { KafkaOptions } from '../kafka-options.ts';

/** Throws MR_CONFIG_INVALID for a format that has no messages, or wrong options of it. */
export function createMessageDecoder(
  options: KafkaOptions,
  context: SourceContext,
): MessageDecoder {
  const { format: name = 'json', formatOptions = {}, registry, topic } = options;
  const { formats, rowType, clock, baseDirectory, signal, report } = context;
  const format = formats.get(name);
  if (format?.kind === 'messages') {
    const place = {
      topic,
      clock,
      baseDirectory,
      signal,
      ...(report === undefined ? {} : { report }),
    };
    const given = registry === undefined ? {} : { registry };
    return format.createMessageDecoder(rowType, { ...formatOptions, ...given, ...place });
  }
  if (format?.kind === 'records' && format.createMessageDecoder !== undefined) {
    return format.createMessageDecoder(rowType, formatOptions);
  }
  const known = [...formats.values()].filter(
    (one) => one.kind !== 'file' && one.createMessageDecoder !== undefined,
  );
  const message = `topic ${topic}: format "${name}" ${format === undefined ? 'is not known' : 'is not one of messages'}`;
  const names = known.map((one) => one.name).join(', ');
  throw new MillraceError('MR_CONFIG_INVALID', message, { fix: `use one of ${names}` });
}
