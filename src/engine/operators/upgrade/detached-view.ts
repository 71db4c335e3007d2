// The parts of a view without a running operator: to read images of its keys and to write some.
import type { Plan, ViewNode } from '../../../plan/plan.ts';
import type { Residence } from '../../state/residence.ts';
import { Admission } from '../admission.ts';
import type { ImageOwner, OperatorHead } from '../images/image-owner.ts';
import { ResidentKeys } from '../images/resident-keys.ts';
import type { OperatorContext } from '../operator.ts';
import { RowMaker } from '../row-maker.ts';
import { createParts } from '../view-parts.ts';
import { WaitingRows } from '../waiting-rows.ts';

export interface DetachedView extends ImageOwner {
  readonly keys: ResidentKeys;
}

const silent: OperatorContext = { emit: () => {}, late: () => {}, fail: () => {} };

const nothing: Residence = {
  arrived: () => {},
  touch: () => {},
  touchOne: () => {},
  use: () => {},
  coldWakeMs: () => Number.POSITIVE_INFINITY,
  wake: () => false,
  forgot: () => {},
  settle: () => {},
  visitStored: () => {},
};

export function detachedView(plan: Plan, view: ViewNode): DetachedView {
  const parts = createParts({ plan, view, context: silent, isDetached: true });
  const admission = new Admission(parts);
  const rows = new RowMaker(parts);
  let head: OperatorHead = {
    watermark: Number.NEGATIVE_INFINITY,
    hasRead: false,
    isEnding: false,
    recordsIn: 0,
    failedRecords: 0,
    firedTimers: 0,
  };
  const owner: ImageOwner = {
    parts,
    admission,
    rows,
    waiting: new WaitingRows(parts.store),
    ensureSlots: () => {
      const count = parts.keys.slotCount;
      parts.states.ensureSlots(count);
      admission.ensureSlots(count);
      rows.ensureSlots(count);
      for (const window of parts.windows) window.ensureSlots(count);
    },
    schedule: () => {},
    head: () => head,
    setHead: (read) => {
      head = read;
    },
  };
  return { ...owner, keys: new ResidentKeys(owner, () => nothing) };
}
