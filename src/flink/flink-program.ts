// What the compiler gives: statements in the order in which a session takes them, and as one text.
import type { Refusal } from './refusal.ts';

/** One statement, with what it was made from. */
export interface FlinkStatement {
  readonly kind: 'set' | 'function' | 'table' | 'view' | 'insert';
  /** Of the function, the table or the view; of the option for `set`. */
  readonly name: string;
  /** The definition that it came from: `stream:purchases`, `view:user_spend`. */
  readonly origin: string;
  /** Without a semicolon; comments included. */
  readonly text: string;
}

/** SQL of a whole plan for one version of Flink. */
export interface FlinkProgram {
  readonly profile: string;
  readonly fingerprint: string;
  /** Settings, functions, tables, views. */
  readonly statements: readonly FlinkStatement[];
  /** Inserts of the one statement set: the job. */
  readonly inserts: readonly FlinkStatement[];
  /** What could not be said; with any the program must not be used. */
  readonly refusals: readonly Refusal[];
}

/** The inserts as the one statement that a gateway runs as one job. */
export function statementSetSql({ inserts }: FlinkProgram): string {
  const body = inserts.map(({ text }) => `${text};`).join('\n\n');
  return `EXECUTE STATEMENT SET BEGIN\n\n${body}\n\nEND`;
}

const functionsNote =
  "-- functions: millrace-flink-udf.jar lies in Flink's lib, or USING JAR '…' is added to their statements";

/** The whole program as a script. */
export function printProgram(program: FlinkProgram): string {
  const head = [
    `-- Flink SQL (${program.profile}), made from definitions: change those, not this.`,
    `-- fingerprint ${program.fingerprint}`,
    ...(program.statements.some(({ kind }) => kind === 'function') ? [functionsNote] : []),
  ].join('\n');
  const sets = program.statements.filter(({ kind }) => kind === 'set');
  const others = program.statements.filter(({ kind }) => kind !== 'set');
  const parts = [
    head,
    sets.map(({ text }) => `${text};`).join('\n'),
    ...others.map(({ text }) => `${text};`),
    ...(program.inserts.length === 0 ? [] : [`${statementSetSql(program)};`]),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}
