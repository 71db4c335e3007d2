// Functions of ours in Flink SQL: which class of the jar each is, and the statement by which a session
// knows it. Their names, arguments and state are kept: compiled plans and savepoints hold them.
import type { FlinkProgram, FlinkStatement } from './flink-program.ts';
import { quoteName, quoteText } from './sql-text.ts';

/** Name in SQL → class in the jar. The ones about sketches are for SQL of people's own. */
export const flinkFunctions = {
  millrace_approx_distinct: 'ApproxDistinct',
  millrace_approx_distinct_rolling: 'RollingApproxDistinct',
  millrace_approx_distinct_sketch: 'ApproxDistinctSketch',
  millrace_approx_distinct_merge: 'ApproxDistinctMerge',
  millrace_approx_distinct_of: 'ApproxDistinctOf',
  millrace_ewma: 'Ewma',
  millrace_ewma_rolling: 'RollingEwma',
  millrace_quantile: 'Quantile',
  millrace_quantile_rolling: 'RollingQuantile',
  millrace_quantile_sketch: 'QuantileSketch',
  millrace_quantile_merge: 'QuantileMerge',
  millrace_quantile_of: 'QuantileOf',
  millrace_top_k: 'TopK',
  millrace_top_k_rolling: 'RollingTopK',
  millrace_top_k_sketch: 'TopKSketch',
  millrace_top_k_merge: 'TopKMerge',
} as const;

/** Name of a function of ours in SQL. */
export type FlinkFunctionName = keyof typeof flinkFunctions;

const classes = 'dev.millrace.flink';

/** The statement that makes a function known; the cluster has its class, or the jar is added to it. */
export function functionStatement(name: FlinkFunctionName): FlinkStatement {
  const className = quoteText(`${classes}.${flinkFunctions[name]}`);
  return {
    kind: 'function',
    name,
    origin: `function ${name}`,
    text: `CREATE TEMPORARY SYSTEM FUNCTION ${quoteName(name)} AS ${className} LANGUAGE JAVA`,
  };
}

/** Whether a program needs the jar. */
export function usesFunctions({ statements }: FlinkProgram): boolean {
  return statements.some(({ kind }) => kind === 'function');
}

/** The program with its functions taken from a jar at an address that the gateway reaches. */
export function withFunctionJar(program: FlinkProgram, jar: string): FlinkProgram {
  const statements = program.statements.map((statement) =>
    statement.kind === 'function'
      ? { ...statement, text: `${statement.text} USING JAR ${quoteText(jar)}` }
      : statement,
  );
  return { ...program, statements };
}
