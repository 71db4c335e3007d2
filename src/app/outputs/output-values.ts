// What the values of a view's records are on its topic: JSON unless the output names a format with
// schemas. Its schema follows from the view, and is judged and registered before the job begins.
import { prefixOf } from '../../adapters/schema-registry/wire-prefix.ts';
import { avroLanguage } from '../../formats/avro/avro-language.ts';
import { createAvroRowValues, outputRowType } from '../../formats/avro/avro-row-values.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { RowValues } from '../../ports/row-values.ts';
import type { StoredView } from '../../ports/stored-view.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { parseRule } from '../schemas/judge-schema.ts';
import { registerSchema, registryAt } from '../schemas/project-schemas.ts';
import { isKafkaBinding } from './kafka-binding.ts';

/**
 * The encoder of a view's values; null: JSON. Throws MR_SCHEMA_REFUSED when the view changed in a way
 * that readers of its topic could not follow, MR_REGISTRY_UNAVAILABLE, MR_CONFIG_INVALID.
 */
export async function outputValues(
  { environment, baseDirectory }: ResolvedProject,
  { view, key, features }: StoredView,
): Promise<RowValues | null> {
  const binding = environment.outputs?.[view];
  if (!isKafkaBinding(binding)) return null;
  const { format = 'json', registry, topic, formatOptions = {} } = binding.options;
  if (format === 'json') return null;
  if (format !== 'avro') {
    throw new MillraceError('MR_CONFIG_INVALID', `output ${view}: cannot be written as ${format}`, {
      fix: "use format: 'json' or 'avro'",
    });
  }
  const { subject = `${topic}-value`, level } = formatOptions;
  const text = avroLanguage.derive(view, outputRowType(key, features));
  const schema = { language: avroLanguage, type: 'AVRO' as const, text, references: [] };
  const where = registryAt(registry, baseDirectory);
  const { id } = await registerSchema(where, String(subject), schema, parseRule(level));
  return createAvroRowValues(key, prefixOf(id));
}
