// The file that Flink reads: the events' lines in the order of their arrival. Of several partitions each
// line carries the watermark after it, which is the least of all partitions: Flink's readers would mix the
// partitions anew in each run, and whether a record is late hangs on that.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { StreamNode } from '../../../plan/plan.ts';
import { deliver, timeSteps } from '../../../testing/oracle/delivery.ts';
import { deliveredRows, type ParityEvents } from './parity-events.ts';

/** The field with the watermark of a line. */
export const watermarkField = 'millrace__watermark';

/** Lines that are no records: what Flink's reader spends its time on at first. */
const unreadable = '!\n';

/**
 * Writes the file. `delayLines` are written before the events: at parallelism 2 and more one task of the
 * source has the file and the others have nothing, and until they have ended there is no watermark.
 */
export async function writeEventFile(
  path: string,
  events: ParityEvents,
  delayLines: number,
): Promise<void> {
  const lines = events.splitCount === 1 ? plain(events) : timed(events);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, unreadable.repeat(delayLines) + lines.map((line) => `${line}\n`).join(''));
}

/**
 * Dead letters are in the file where Flink leaves them out as well. Those with a value that the engine
 * cannot read, and Flink takes for null or for the default, are a difference by design, and are not.
 */
function plain({ stream, records }: ParityEvents): readonly string[] {
  return records
    .filter(({ row, line }) => row !== null || isLeftOut(stream, line))
    .map(({ line }) => line);
}

function isLeftOut({ fields }: StreamNode, line: string): boolean {
  const required = fields.filter((field) => !field.nullable && field.default === undefined);
  try {
    const record = JSON.parse(line) as Readonly<Record<string, unknown>> | null;
    return required.some(({ name }) => record?.[name] == null);
  } catch {
    return true;
  }
}

function timed(events: ParityEvents): readonly string[] {
  const { stream, records, splitCount } = events;
  const steps = deliver(deliveredRows(events), { splitCount, ended: false });
  const after = new Map(
    timeSteps(stream, steps, splitCount).flatMap(({ step, afterMs }) =>
      step.kind === 'row' && Number.isFinite(afterMs) ? [[step.offset, afterMs] as const] : [],
    ),
  );
  return records.flatMap(({ line, row }, offset) => {
    if (row === null && !isLeftOut(stream, line)) return [];
    const watermarkMs = after.get(offset);
    const end = line.lastIndexOf('}');
    if (watermarkMs === undefined || end < 0) return [line];
    const comma = /^\s*\{\s*$/.test(line.slice(0, end)) ? '' : ',';
    return [`${line.slice(0, end)}${comma}"${watermarkField}":${watermarkMs}}`];
  });
}
