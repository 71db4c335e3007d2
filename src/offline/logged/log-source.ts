// What a join needs of a feature log: for each view its days in order, and of each day the parts that
// its rows lie in. A part gives columns a row group at a time.
import type { ColumnBuilder } from '../../columns/column-builder.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { ViewNode } from '../../plan/plan.ts';

export interface LogSource {
  /**
   * Names of the logs that a view's rows lie in: one, or one for each of its windows. Each has the
   * features that it has.
   */
  logsOf(view: ViewNode): readonly string[];
  /** Days of a log with rows whose `as_of` may be in [fromMs, toMs], ascending. */
  days(log: string, fromMs: number, toMs: number): Promise<readonly LogDay[]>;
}

export interface LogDay {
  readonly startMs: number;
  /** Names of its parts, in the order of the log. */
  readonly parts: readonly string[];
  /** Throws `LogChanged` when the part is gone: the log was compacted meanwhile. */
  open(part: string): Promise<LogPart>;
}

export interface LogPart {
  /** Rows of each row group. */
  readonly groups: readonly number[];
  /** Fills a builder with a column of a row group; false: the part has no such column. */
  read(group: number, field: Field, builder: ColumnBuilder): Promise<boolean>;
  close(): Promise<void>;
}

/** A part that was listed is gone: the caller lists anew. */
export class LogChanged extends Error {}
