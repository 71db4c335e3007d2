// Which files of a day may become one. A job that goes back to an older checkpoint removes what it
// logged after that, by the number in the names of its files; so files are merged only when no
// checkpoint that could be restored lies between them, and the merged one bears the greatest number.

/** A file of a day. */
export interface LogFile {
  readonly name: string;
  readonly bytes: number;
}

export interface MergeLimits {
  /** Files of at least this many bytes are left as they are. */
  readonly smallBytes: number;
  /** A merged file has about this many bytes at most. */
  readonly mergedBytes: number;
}

export interface PlannedMerge {
  /** Name of the file that they become; it follows from their names. */
  readonly merged: string;
  readonly replaced: readonly string[];
}

const epochPattern = /^part-(.+)\.(\d{12})\.(.+)\.parquet$/;

/**
 * Merges of a day's files. `restorePoints`: ids of the checkpoints of each job that may be restored;
 * files of a job after its last one are left alone, and so are those of jobs that are not named.
 */
export function planMerges(
  files: readonly LogFile[],
  restorePoints: ReadonlyMap<string, readonly number[]>,
  limits: MergeLimits,
): readonly PlannedMerge[] {
  const groups = new Map<string, LogFile[]>();
  for (const file of files.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const group = file.bytes < limits.smallBytes ? groupOf(file.name, restorePoints) : null;
    if (group === null) continue;
    const members = groups.get(group) ?? [];
    groups.set(group, members);
    members.push(file);
  }
  return [...groups.values()].flatMap((members) => mergesOf(members, limits));
}

/** Files of one group can be told apart by no checkpoint; null: the file is left alone. */
function groupOf(
  name: string,
  restorePoints: ReadonlyMap<string, readonly number[]>,
): string | null {
  const match = epochPattern.exec(name);
  if (match === null) return '';
  const [, job = '', digits] = match;
  const next = (restorePoints.get(job) ?? []).toSorted((a, b) => a - b);
  const point = next.find((id) => id >= Number(digits));
  return point === undefined ? null : `${job}/${point}`;
}

function mergesOf(members: readonly LogFile[], { mergedBytes }: MergeLimits): PlannedMerge[] {
  const merges: PlannedMerge[] = [];
  let names: string[] = [];
  let bytes = 0;
  const finish = (): void => {
    const last = names.at(-1);
    if (names.length > 1 && last !== undefined) {
      merges.push({ merged: mergedName(last), replaced: names });
    }
    names = [];
    bytes = 0;
  };
  for (const file of members) {
    if (bytes > 0 && bytes + file.bytes > mergedBytes) finish();
    names.push(file.name);
    bytes += file.bytes;
  }
  finish();
  return merges;
}

/** After the last of them, which has the greatest checkpoint of the group. */
function mergedName(last: string): string {
  const stem = last.slice(0, -'.parquet'.length).replace(/-m\d+$/, '');
  const times = /-m(\d+)\.parquet$/.exec(last)?.[1] ?? '0';
  return `${stem}-m${Number(times) + 1}.parquet`;
}
