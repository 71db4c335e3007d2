// Streams: field names and types, defaults, event time, id.
import { suggestName } from '../../kernel/nearest-name.ts';
import { type Field, type FieldType, formatType } from '../../kernel/types/field-type.ts';
import { defaultFits } from './default-fits.ts';
import type { StreamNode } from '../plan.ts';
import type { Reporter } from '../reporter.ts';

/** Digits that the engine computes decimals with. */
const decimalDigitsMax = 18;

export function validateStream(stream: StreamNode, report: Reporter): void {
  const names = stream.fields.map((f) => f.name);
  validateEventTime(stream, names, report);
  if (stream.idField !== null && !names.includes(stream.idField)) {
    const hint = suggestName(stream.idField, names);
    const message = `stream "${stream.name}" has no field "${stream.idField}"; ${hint}`;
    report.error(`${stream.name}.id`, 'MR_DEFINITION_UNKNOWN_FIELD', message);
  }
  validateIdType(stream, report);
  validateFields(stream.fields, `${stream.name}.schema`, report);
}

function validateEventTime(stream: StreamNode, names: readonly string[], report: Reporter): void {
  const { eventTime } = stream;
  const path = `${stream.name}.eventTime`;
  const time = stream.fields.find((f) => f.name === eventTime.field);
  if (time === undefined) {
    const hint = suggestName(eventTime.field, names);
    const message = `stream "${stream.name}" has no field "${eventTime.field}"; ${hint}`;
    report.error(`${path}.field`, 'MR_DEFINITION_EVENT_TIME', message);
  } else if (time.type.kind !== 'timestamp' || time.nullable) {
    const found = `${formatType(time.type)}${time.nullable ? '?' : ''}`;
    report.error(
      `${path}.field`,
      'MR_DEFINITION_EVENT_TIME',
      `"${time.name}" is ${found}`,
      'the event time is a t.timestamp() that is not nullable',
    );
  }
  if (eventTime.outOfOrdernessMs < 0) {
    const message = `outOfOrderness must not be below 0, but is ${eventTime.outOfOrdernessMs} ms`;
    report.error(`${path}.outOfOrderness`, 'MR_DEFINITION_EVENT_TIME', message);
  }
  for (const name of ['idleTimeout', 'maxDrift'] as const) {
    const ms = eventTime[`${name}Ms`];
    if (ms === null || ms > 0) continue;
    const message = `${name} must be longer than 0`;
    report.error(`${path}.${name}`, 'MR_DEFINITION_EVENT_TIME', message, 'leave it out for never');
  }
  if (eventTime.maxAheadMs !== null && eventTime.maxAheadMs < 0) {
    const message = 'maxAhead must not be below 0';
    report.error(`${path}.maxAhead`, 'MR_DEFINITION_EVENT_TIME', message, "or 'off'");
  }
}

/** Ties are broken by an order that every engine has: text by its bytes, or numbers. */
function validateIdType(stream: StreamNode, report: Reporter): void {
  const id = stream.fields.find((f) => f.name === stream.idField);
  if (id === undefined || ['string', 'int32', 'int64', 'timestamp'].includes(id.type.kind)) return;
  report.error(
    `${stream.name}.id`,
    'MR_DEFINITION_TYPE',
    `a ${formatType(id.type)} cannot be an id`,
    'ids are string, int32, int64 or timestamp',
  );
}

/** Fields of records or requests: names are unique, types make sense, defaults fit. */
export function validateFields(fields: readonly Field[], path: string, report: Reporter): void {
  const seen = new Set<string>();
  for (const { name, type, default: value } of fields) {
    const at = `${path}.${name}`;
    if (seen.has(name)) {
      report.error(at, 'MR_DEFINITION_DUPLICATE', `there are two fields named "${name}"`);
    }
    seen.add(name);
    if (name === '') report.error(at, 'MR_DEFINITION_NAME', 'a field has no name');
    validateType(type, at, report);
    if (value === undefined || value === null || defaultFits(value, type)) continue;
    const shown = typeof value === 'object' ? 'the default' : `the default ${String(value)}`;
    report.error(at, 'MR_DEFINITION_TYPE', `${shown} is no ${formatType(type)}`);
  }
}

function validateType(type: FieldType, path: string, report: Reporter): void {
  if (type.kind === 'list') validateType(type.item, `${path}[]`, report);
  if (type.kind === 'map') validateType(type.value, `${path}{}`, report);
  if (type.kind === 'struct') validateFields(type.fields, path, report);
  if (type.kind !== 'decimal') return;
  const { precision, scale } = type;
  const isSane =
    Number.isInteger(precision) && Number.isInteger(scale) && scale >= 0 && precision >= scale;
  if (!isSane || precision < 1) {
    report.error(
      path,
      'MR_DEFINITION_TYPE',
      `${formatType(type)} makes no sense`,
      'decimal(precision, scale) with 0 ≤ scale ≤ precision and at least one digit',
    );
  } else if (precision > decimalDigitsMax) {
    report.error(
      path,
      'MR_DEFINITION_TYPE',
      `${formatType(type)} is wider than the ${decimalDigitsMax} digits that the engine computes with`,
      'use a smaller precision or t.string()',
    );
  }
}
