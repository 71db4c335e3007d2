// Why an online store cannot keep views as they are defined: said by `check`, before anything is opened.
import type { ErrorCode } from '../kernel/errors/catalogue.ts';

export interface StoreProblem {
  readonly code: ErrorCode;
  readonly message: string;
  /** What to do about it. */
  readonly fix: string;
}
