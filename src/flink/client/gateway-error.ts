// What Flink answers when something is wrong: a Java stack trace whose last cause is the reason. The
// place in the SQL is found in it, and the definition that the statement came from is added.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { jarError, missingJar } from './missing-jar.ts';

/** What was being run. */
export interface FailedStatement {
  readonly text: string;
  /** The definition that it came from: `view:user_spend`. */
  readonly origin?: string;
}

/** The reason at the bottom of a stack trace, with its place in the statement where there is one. */
export interface RootCause {
  readonly message: string;
  readonly line: number | null;
  readonly column: number | null;
}

const placePattern = /(?:From|At) line (\d+), column (\d+)(?: to line \d+, column \d+)?:?\s*/i;
const parsePattern = /at line (\d+), column (\d+)/i;

/** The last cause of a trace, without its class and its frames. */
export function rootCause(trace: string): RootCause {
  const causes = trace.split(/^\s*(?:Caused by|Cause): /m);
  const lines = (causes.at(-1) ?? trace).split('\n');
  const end = lines.findIndex((line) => /^\s+(?:at \S+\(|\.\.\. \d+ more)/.test(line));
  const text = (end < 0 ? lines : lines.slice(0, end)).join('\n').trim();
  const message = text.replace(/^(?:[a-z]\w*\.)+[A-Z]\w*(?:\$\w+)*:\s*/, '');
  // The class that has the place often stands above the one that has the words.
  const place =
    placePattern.exec(message) ?? parsePattern.exec(message) ?? placePattern.exec(trace);
  return {
    message: message.replace(placePattern, '').trim(),
    line: place === null ? null : Number(place[1]),
    column: place === null ? null : Number(place[2]),
  };
}

/** The error of a statement that Flink refused or that failed. */
export function statementError(trace: string, statement: FailedStatement): MillraceError {
  const { message, line, column } = rootCause(trace);
  const missing = missingJar(message);
  if (missing !== null) return jarError(missing, statement.origin);
  const source = line === null ? undefined : statement.text.split('\n')[line - 1];
  const shown =
    source === undefined || column === null
      ? ''
      : `\n ${line} | ${source}\n ${' '.repeat(String(line).length)} | ${' '.repeat(column - 1)}^`;
  const from = statement.origin === undefined ? '' : ` (made from ${statement.origin})`;
  const [first = ''] = message.split('\n');
  return new MillraceError('MR_FLINK_STATEMENT', `Flink says: ${first}${from}${shown}`, {
    context: {
      ...(statement.origin === undefined ? {} : { path: statement.origin }),
      line,
      column,
    },
    fix: fixOfReason(message) ?? 'correct the statement, or the definition that it was made from',
    cause: new Error(message),
  });
}

/** What a reason usually means. */
const fixes: readonly (readonly [RegExp, string])[] = [
  [
    /NoResourceAvailable|Could not acquire the minimum required resources/,
    'give the cluster more task slots, or the job less parallelism',
  ],
  [
    /UnknownHostException|Connection refused|No resolvable bootstrap|Timed out waiting for a node/,
    'let the cluster reach the brokers that the table names',
  ],
  [/FileNotFoundException|NoSuchFile/, 'name a folder that every machine of the cluster reaches'],
];

/** What to do about a reason of Flink's; null when only the reason itself says it. */
export function fixOfReason(message: string): string | null {
  return fixes.find(([pattern]) => pattern.test(message))?.[1] ?? null;
}
