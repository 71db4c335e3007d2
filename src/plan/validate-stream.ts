// Streams: event time, id and field types.
import { type FieldType, formatType } from '../kernel/types/field-type.ts';
import { suggestName } from '../kernel/nearest-name.ts';
import type { StreamNode } from './plan.ts';
import type { Reporter } from './validate.ts';

export function validateStream(stream: StreamNode, report: Reporter): void {
  const names = stream.fields.map((f) => f.name);
  const path = `${stream.name}.eventTime.field`;
  const time = stream.fields.find((f) => f.name === stream.eventTime.field);
  if (time === undefined) {
    const hint = suggestName(stream.eventTime.field, names);
    report.error(
      path,
      'MR_DEFINITION_EVENT_TIME',
      `stream "${stream.name}" has no field "${stream.eventTime.field}"; ${hint}`,
    );
  } else if (time.type.kind !== 'timestamp' || time.nullable) {
    const found = `${formatType(time.type)}${time.nullable ? '?' : ''}`;
    report.error(
      path,
      'MR_DEFINITION_EVENT_TIME',
      `"${time.name}" is ${found}`,
      'the event time is a t.timestamp() that is not nullable',
    );
  }
  if (stream.idField !== null && !names.includes(stream.idField)) {
    const hint = suggestName(stream.idField, names);
    report.error(
      `${stream.name}.id`,
      'MR_DEFINITION_UNKNOWN_FIELD',
      `stream "${stream.name}" has no field "${stream.idField}"; ${hint}`,
    );
  }
  for (const field of stream.fields)
    validateType(field.type, `${stream.name}.schema.${field.name}`, report);
}

function validateType(type: FieldType, path: string, report: Reporter): void {
  if (type.kind === 'list') validateType(type.item, path, report);
  if (type.kind === 'map') validateType(type.value, path, report);
  if (type.kind === 'struct')
    for (const f of type.fields) validateType(f.type, `${path}.${f.name}`, report);
  if (type.kind !== 'decimal') return;
  const { precision, scale } = type;
  const isSane =
    Number.isInteger(precision) &&
    Number.isInteger(scale) &&
    scale >= 0 &&
    precision >= Math.max(1, scale);
  if (!isSane) {
    report.error(
      path,
      'MR_DEFINITION_TYPE',
      `${formatType(type)} makes no sense`,
      'decimal(precision, scale) with 0 ≤ scale ≤ precision',
    );
  } else if (precision > 18) {
    report.error(
      path,
      'MR_DEFINITION_TYPE',
      `${formatType(type)} is wider than the 18 digits that the engine computes with`,
      'use a smaller precision or t.string()',
    );
  }
}
