// Options of `kafka(…)`, checked when the binding is made, with defaults filled in.
import { type Duration, parseDuration } from '../../kernel/duration.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import type { SchemaRegistryOptions } from '../../ports/schema-registry.ts';
import { checkAccess, type KafkaAccess } from './client/kafka-access.ts';

/** Where a job that has no checkpoint begins to read. */
export type KafkaStart =
  | 'earliest'
  | 'latest'
  /** What `group` has committed; partitions without that from their beginning. */
  | 'committed'
  /** The first record of this time or later: ISO 8601 text or epoch milliseconds. */
  | { readonly timestamp: string | number }
  /** By partition; those that are not named from their beginning. */
  | { readonly offsets: Readonly<Record<number, number | bigint>> };

/** Options of `kafka(…)`. */
export interface KafkaOptions extends KafkaAccess {
  readonly topic: string;
  /** How records are encoded, one a message. Default `'json'`. */
  readonly format?: string;
  readonly formatOptions?: Readonly<Record<string, unknown>>;
  /** Where schemas of records are: the address of a registry, or a folder. */
  readonly registry?: string | SchemaRegistryOptions;
  /** Where to begin without a checkpoint. Default `'earliest'`. */
  readonly start?: KafkaStart;
  /** Consumer group of the offsets that others may watch. Default: the name of the job. */
  readonly group?: string;
  /** `read_uncommitted` takes records of open and aborted transactions too. Default `'read_committed'`. */
  readonly isolation?: 'read_committed' | 'read_uncommitted';
  /**
   * When records at the position are gone (retention was shorter than the pause): `'fail'`, or go on at
   * the earliest or behind the latest record, which is said and counted. Default `'fail'`.
   */
  readonly onOutOfRange?: 'fail' | 'earliest' | 'latest';
  /** Read to what is there when the job begins, then end. Default: never end. */
  readonly until?: 'latest';
  /** New partitions are looked for this often. Default `'30s'`. */
  readonly discoverInterval?: Duration;
  /** Outputs only: what may repeat or be lost after a crash. Default `'at-least-once'`. */
  readonly delivery?: 'exactly-once' | 'at-least-once' | 'at-most-once';
}

/** How a topic is read, with defaults filled in. */
export interface ResolvedReading {
  readonly format: string;
  readonly start: KafkaStart;
  readonly isCommitted: boolean;
  readonly onOutOfRange: 'fail' | 'earliest' | 'latest';
  readonly isBounded: boolean;
  readonly discoverIntervalMs: number;
}

const choices = {
  isolation: ['read_committed', 'read_uncommitted'],
  onOutOfRange: ['fail', 'earliest', 'latest'],
  until: ['latest'],
  delivery: ['exactly-once', 'at-least-once', 'at-most-once'],
} as const;

const names = [
  ...['brokers', 'tls', 'sasl', 'topic', 'format', 'formatOptions', 'registry', 'start', 'group'],
  ...['discoverInterval', ...Object.keys(choices)],
];

/** Formats whose records name a schema. */
const schemaFormats: readonly string[] = ['avro', 'protobuf', 'json-schema'];

/** Throws MR_CONFIG_INVALID for options that can be no topic. */
export function checkKafkaOptions(options: KafkaOptions): void {
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) refuse(`has no option "${name}"`, suggestName(name, names));
  }
  checkAccess(options);
  const { topic } = options;
  if (typeof topic !== 'string' || !/^[a-zA-Z0-9._-]{1,249}$/.test(topic)) {
    refuse(`topic is ${JSON.stringify(topic)}`, "name one, as in topic: 'raw.purchases'");
  }
  for (const [name, allowed] of Object.entries(choices)) {
    const value = options[name as keyof typeof choices];
    if (value === undefined || (allowed as readonly string[]).includes(value)) continue;
    refuse(`${name} is ${JSON.stringify(value)}`, `write one of ${allowed.join(', ')}`);
  }
  if (schemaFormats.includes(options.format ?? '') && options.registry === undefined) {
    const fix = "add registry: 'http://localhost:8081', or a folder: './schemas'";
    refuse(`reads ${options.format}, whose schemas lie in a registry, and has none`, fix);
  }
  resolveReading(options);
}

export function resolveReading(options: KafkaOptions): ResolvedReading {
  const { format = 'json', start = 'earliest', discoverInterval = '30s' } = options;
  const discoverIntervalMs = parseDuration(discoverInterval);
  if (discoverIntervalMs === null || discoverIntervalMs < 100) {
    return refuse(`discoverInterval is ${JSON.stringify(discoverInterval)}`, "write '30s'");
  }
  checkStart(start);
  return {
    format,
    start,
    isCommitted: options.isolation !== 'read_uncommitted',
    onOutOfRange: options.onOutOfRange ?? 'fail',
    isBounded: options.until === 'latest',
    discoverIntervalMs,
  };
}

/** Epoch milliseconds of a start by time. */
export function startTimeMs(timestamp: string | number): number {
  return typeof timestamp === 'number' ? timestamp : Date.parse(timestamp);
}

function checkStart(start: KafkaStart): void {
  if (typeof start === 'string') {
    if (['earliest', 'latest', 'committed'].includes(start)) return;
  } else if ('timestamp' in start) {
    if (startTimeMs(start.timestamp) >= 0) return;
  } else if (typeof start === 'object' && 'offsets' in start) {
    const offsets = Object.entries(start.offsets);
    if (offsets.every(([partition, offset]) => /^\d+$/.test(partition) && offset >= 0)) return;
  }
  const fix = "write 'earliest', 'latest', 'committed', { timestamp } or { offsets: { 0: 17 } }";
  refuse(`start is ${JSON.stringify(start, bigintText)}`, fix);
}

function bigintText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function refuse(message: string, fix: string): never {
  throw new MillraceError('MR_CONFIG_INVALID', `kafka(…): ${message}`, { fix });
}
