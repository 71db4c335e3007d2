// Names of keys in Redis. All begin with `mr:`, and what stands in braces decides the slot of a
// cluster: a view's rows are spread over 256 slots, and everything else of a job lies in one.
//   mr:{shop}:meta                    hash: views, notes, the greatest as_of
//   mr:{shop}:readers                 whose rows readers are given
//   mr:{shop}:marker                  number of the newest write; of a cluster one per slot:
//   mr:{shop:user_spend:a7}           the same for the rows whose keys begin so
//   mr:{shop:user_spend:a7}:u42       a row
import { slotOf } from '../client/slot.ts';
import { hashBytes } from '../../../kernel/hash.ts';

const bucketCount = 256;
const bucketTexts = Array.from({ length: bucketCount }, (_, i) => i.toString(16).padStart(2, '0'));

/** A job's part of the key space: the project, with the name of a second job behind `@`. */
export function scopeOf(project: string, variant: string | null | undefined): string {
  return variant ? `${project}@${variant}` : project;
}

export function metaKey(scope: string): string {
  return `mr:{${scope}}:meta`;
}

export function readersKey(project: string): string {
  return `mr:{${project}}:readers`;
}

export function markerKey(scope: string): string {
  return `mr:{${scope}}:marker`;
}

/** The beginning that all rows of a view have in common. A view whose rows were dropped gets a new one. */
export function rowsPrefix(scope: string, view: string, generation: number): string {
  return `mr:{${scope}:${generation > 1 ? `${view}/${generation}` : view}:`;
}

/** Which of the 256 parts of a view a key lies in. */
export function bucketOf(key: Uint8Array, start: number, end: number): number {
  return hashBytes(key, start, end) & (bucketCount - 1);
}

/** The beginnings of a view's keys by part, up to the closing brace. */
export function bucketPrefixes(prefix: string): readonly string[] {
  return bucketTexts.map((text) => `${prefix}${text}}`);
}

/** A pattern for SCAN that matches keys with this beginning and no others. */
export function patternOf(prefix: string): string {
  return `${prefix.replace(/[*?[\]\\^]/g, '\\$&')}*`;
}

const slotCount = 16_384;
let tags: readonly string[] | null = null;

/** A text that lies in this slot of a cluster: beside keys whose names are not ours to choose. */
export function slotTags(slot: number): string {
  tags ??= tagsBySlot();
  return tags[slot] ?? '';
}

function tagsBySlot(): readonly string[] {
  const found = Array.from({ length: slotCount }, () => '');
  for (let n = 0, left = slotCount; left > 0; n++) {
    const text = n.toString(36);
    const slot = slotOf(text);
    if (found[slot] !== '') continue;
    found[slot] = text;
    left -= 1;
  }
  return found;
}
