// Keys: what an entity may be known by, and that a view gives exactly that, in the entity's order.
import { isKeyKind } from '../../kernel/key-encoding.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import { formatField, formatType, sameType } from '../../kernel/types/field-type.ts';
import { checkExpression } from './check-expression.ts';
import type { EntityNode, KeyPartNode, Plan, StreamNode, ViewNode } from '../plan.ts';
import type { Reporter } from '../reporter.ts';

export function validateEntity(entity: EntityNode, report: Reporter): void {
  for (const { name, type } of entity.key) {
    if (isKeyKind(type.kind)) continue;
    report.error(
      `${entity.name}.key.${name}`,
      'MR_DEFINITION_KEY',
      `a ${formatType(type)} cannot be a key`,
      'keys are string, bool, int32, int64, bytes, date or timestamp',
    );
  }
}

export function validateKey(
  plan: Plan,
  view: ViewNode,
  stream: StreamNode,
  report: Reporter,
): void {
  const entity = plan.entities.find((e) => e.name === view.entity);
  if (entity === undefined) {
    const names = plan.entities.map((e) => e.name);
    const message = `there is no entity "${view.entity}"; ${suggestName(view.entity, names)}`;
    report.error(`${view.name}.entity`, 'MR_DEFINITION_NAME', message);
    return;
  }
  const wanted = entity.key.map(formatField).join(', ');
  const given = view.key.map(formatField).join(', ');
  if (wanted !== given) {
    report.error(
      `${view.name}.key`,
      'MR_DEFINITION_KEY',
      `the key is (${given}), and entity "${entity.name}" has (${wanted})`,
      'give one part per key of the entity, in its order',
    );
  }
  for (const part of view.key) validatePart(view, part, { entity, stream }, report);
}

function validatePart(
  view: ViewNode,
  part: KeyPartNode,
  { entity, stream }: { readonly entity: EntityNode; readonly stream: StreamNode },
  report: Reporter,
): void {
  const path = `${view.name}.key.${part.name}`;
  checkExpression(part.value, stream.fields, path, report);
  if (!sameType(part.type, part.value.type)) {
    const said = `entity "${entity.name}" says ${formatType(part.type)}`;
    const found = `stream "${stream.name}" says ${formatType(part.value.type)}`;
    report.error(path, 'MR_DEFINITION_KEY', `${said}, ${found}`, 'give both the same type');
  } else if (part.value.nullable && !part.nullable) {
    report.error(
      path,
      'MR_DEFINITION_KEY',
      `"${part.name}" may be null in stream "${stream.name}", but not in entity "${entity.name}"`,
      "make the entity's key .nullable(), or say what stands for null: " +
        `keyBy: (p) => ({ ${part.name}: p.${part.name}.coalesce(…) })`,
    );
  }
}
