// What of an operator its images are made of.
import type { Admission } from '../admission.ts';
import type { RowMaker } from '../row-maker.ts';
import type { ViewParts } from '../view-parts.ts';
import type { WaitingRows } from '../waiting-rows.ts';

/** Numbers of the operator that belong to no key. */
export interface OperatorHead {
  readonly watermark: number;
  /** True once a head was read: from then on watermarks of other heads can only lower it. */
  readonly hasRead: boolean;
  readonly isEnding: boolean;
  readonly recordsIn: number;
  readonly failedRecords: number;
  readonly firedTimers: number;
}

/** What of the operator images need. */
export interface ImageOwner {
  readonly parts: ViewParts;
  readonly admission: Admission;
  readonly rows: RowMaker;
  readonly waiting: WaitingRows;
  /** Makes room for all slots of the key table. */
  readonly ensureSlots: () => void;
  /** Sets the key's main timer by what its windows hold. */
  readonly schedule: (slot: number) => void;
  readonly head: () => OperatorHead;
  readonly setHead: (head: OperatorHead) => void;
}
