// Options of SET. One that changes what a query means is followed or refused; others are passed over, and
// said.
import { refusal } from '../syntax/sql-error.ts';

export interface SettingSyntax {
  readonly value: string;
  readonly at: number;
}

/** What a script says of its run. */
export interface SqlSettings {
  /** Null: no checkpoints are taken. */
  readonly checkpoints: {
    readonly intervalMs: number;
    readonly directory: string | null;
  } | null;
}

const fixed: Readonly<Record<string, readonly string[]>> = {
  'execution.runtime-mode': ['streaming', 'STREAMING'],
  'table.local-time-zone': ['UTC', 'Etc/UTC', 'GMT', 'Z', '+00:00'],
  'table.exec.state.ttl': ['0', '0 ms', '0 s', '0ms', '0s'],
  'table.exec.mini-batch.enabled': ['false'],
  'table.optimizer.reuse-source-enabled': ['true', 'false'],
  'sql-client.execution.result-mode': ['changelog', 'CHANGELOG', 'tableau', 'TABLEAU', 'table'],
};

const parallelism = 'parallelism.default';
const interval = 'execution.checkpointing.interval';
const directories = ['execution.checkpointing.dir', 'state.checkpoints.dir'];
const followed: readonly string[] = [interval, ...directories];

/** Null when nothing is to be said of it; else what people should know. */
export function checkSetting(name: string, { value, at }: SettingSyntax): string | null {
  if (name === parallelism) return checkParallelism({ value, at });
  if (followed.includes(name)) return null;
  const wanted = Object.hasOwn(fixed, name) ? fixed[name] : undefined;
  if (wanted === undefined) return `'${name}' is passed over: nothing follows from it here`;
  if (wanted.includes(value)) return null;
  const what = `'${name}' is ${wanted.map((v) => `'${v}'`).join(' or ')} here`;
  throw refusal(at, what, 'correct it');
}

const unitMs: Readonly<Record<string, number>> = {
  ...{ ms: 1, milli: 1, millis: 1, s: 1000, sec: 1000, second: 1000, seconds: 1000 },
  ...{ min: 60_000, m: 60_000, minute: 60_000, minutes: 60_000 },
  ...{ h: 3_600_000, hour: 3_600_000, hours: 3_600_000, d: 86_400_000 },
};

/** `10 s`, `500ms`; a number alone is milliseconds. Refused where it is something else. */
export function durationOf({ value, at }: SettingSyntax): number {
  const [, amount, unit = ''] = /^(\d+)\s*([a-z]*)$/.exec(value.trim().toLowerCase()) ?? [];
  const oneMs = unitMs[unit === '' ? 'ms' : unit];
  if (amount === undefined || oneMs === undefined) {
    throw refusal(at, `'${value}' is no length of time`, "write '30 s'");
  }
  return Number(amount) * oneMs;
}

/** Results are the same with any number of threads; a query has one. */
function checkParallelism({ value, at }: SettingSyntax): string | null {
  if (!/^[1-9]\d*$/.test(value)) {
    throw refusal(at, `'${parallelism}' is a whole number from 1`, "write '2'");
  }
  return value === '1' ? null : 'each query runs in one thread: its rows are the same';
}

export function resolveSettings(settings: ReadonlyMap<string, SettingSyntax>): SqlSettings {
  const every = settings.get(interval);
  const intervalMs = every === undefined ? 0 : durationOf(every);
  const directory = directories.flatMap((name) => settings.get(name)?.value ?? [])[0] ?? null;
  return { checkpoints: intervalMs === 0 ? null : { intervalMs, directory } };
}
