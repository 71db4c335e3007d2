// Options of formats whose records name their schema, checked when the decoder is made. What the
// source adds (topic, clock, folder) stands beside what the user wrote.
import type { Clock } from '../../kernel/clock.ts';
import { systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';

export interface RegisteredOptions {
  /** As the binding has it. */
  readonly registry: unknown;
  /** Whose newest schema must fit the stream when a job begins. Default `<topic>-value`. */
  readonly subject: string;
  /** Unit of instants in fields that do not say theirs. Default `ms`. */
  readonly timestamp: 'ms' | 's' | 'us';
  readonly clock: Clock;
  readonly baseDirectory: string;
  readonly signal: AbortSignal | null;
  /** Told what people should know: that it waits, and that it goes on. */
  readonly report: (message: string) => void;
}

const units: readonly unknown[] = ['ms', 's', 'us'];
const userNames = ['registry', 'subject', 'timestamp'];
const names = [...userNames, 'topic', 'clock', 'baseDirectory', 'signal', 'report'];

export function resolveRegisteredOptions(
  format: string,
  options: Readonly<Record<string, unknown>>,
): RegisteredOptions {
  const refuse = (message: string): never => {
    throw new MillraceError('MR_CONFIG_INVALID', `format ${format}: ${message}`, {
      fix: 'correct formatOptions of the source',
    });
  };
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) refuse(`unknown option "${name}": ${suggestName(name, userNames)}`);
  }
  const { timestamp = 'ms', topic = '', registry } = options;
  const { subject = `${String(topic)}-value`, clock = systemClock } = options;
  const { baseDirectory = '.', signal = null, report = ignore } = options;
  if (!units.includes(timestamp)) refuse('timestamp must be one of ms, s, us');
  if (typeof subject !== 'string' || subject === '') refuse('subject must be a name');
  return {
    registry,
    subject: subject as string,
    timestamp: timestamp as RegisteredOptions['timestamp'],
    clock: clock as Clock,
    baseDirectory: baseDirectory as string,
    signal: signal as AbortSignal | null,
    report: report as RegisteredOptions['report'],
  };
}

function ignore(): void {}
