// Streams of an environment whose records name their schema: which registry, which subject. Looks at
// bindings by their shape: any broker's adapter may have such options.
import type { RowType } from '../../kernel/types/field-type.ts';
import type { SchemaLanguage } from '../../ports/schema-registry.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { schemaLanguages } from './schema-languages.ts';

export interface SchemaStream {
  readonly stream: string;
  readonly subject: string;
  readonly language: SchemaLanguage;
  /** As the binding has it. */
  readonly registry: unknown;
  readonly rowType: RowType;
}

interface BindingOptions {
  readonly topic?: unknown;
  readonly format?: unknown;
  readonly registry?: unknown;
  readonly formatOptions?: Readonly<Record<string, unknown>>;
}

/** The streams of the environment that have a registry. */
export function schemaStreams({ environment, plan }: ResolvedProject): readonly SchemaStream[] {
  return Object.entries(environment.streams).flatMap(([stream, binding]) => {
    const { options = {} } = binding as { readonly options?: BindingOptions };
    const language = schemaLanguages.find(({ name }) => name === options.format);
    const node = plan.streams.find(({ name }) => name === stream);
    if (language === undefined || node === undefined || options.registry === undefined) return [];
    const { subject = `${String(options.topic)}-value` } = options.formatOptions ?? {};
    const rowType = { fields: node.fields };
    return [{ stream, subject: String(subject), language, registry: options.registry, rowType }];
  });
}
