// What of a configuration is a Flink cluster: bindings are values, and say their kind.
import type { FlinkBinding } from '../../adapters/flink/flink.ts';

/** Whether an environment's engine is a Flink cluster. */
export function isFlinkBinding(binding: unknown): binding is FlinkBinding {
  return (
    typeof binding === 'object' && binding !== null && 'kind' in binding && binding.kind === 'flink'
  );
}
