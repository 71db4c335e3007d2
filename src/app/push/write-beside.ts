// Rows of a view that come from outside of any run, into the rows that readers are given: through the
// run of this process, beside the run of another one (row by row, while each is as it was looked at),
// or by opening the store where nothing ever ran.
import { createNewestRows } from '../../columns/newest-rows.ts';
import { isNewerThan, versionOf } from '../../columns/packed-row.ts';
import { packRows } from '../../columns/packed-row-writer.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import type { ErrorCode } from '../../kernel/errors/catalogue.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { viewFingerprint } from '../../plan/fingerprint.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import type { StoreRows } from '../../ports/store-jobs.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import type { OnlineStores } from '../online-stores.ts';
import { openRows, readersJob } from '../replay/job-rows.ts';

/** How often rows that the job has replaced meanwhile are looked at again. */
const attemptsMax = 20;

/** Writes the newest row of each key, where the store has no equal or newer one. */
export async function writeBeside(
  project: ResolvedProject,
  stores: OnlineStores,
  batch: VectorBatch,
): Promise<void> {
  const keepsOneJob = project.environment.online?.jobs === undefined;
  if (stores.isWriting || keepsOneJob) return stores.current.write(batch);
  const job = await readersJob(project);
  const write = async (): Promise<void> => {
    const rows = await openRows(project, job);
    try {
      checkDefinition(project, batch.view, rows);
      await replaceOlder(rows, batch);
    } finally {
      await rows.close();
    }
  };
  try {
    await write();
  } catch (error) {
    if (isCode(error, 'MR_STORE_ALIAS') || error instanceof ViewIsNew) {
      return stores.writeOr(
        (store) => store.write(batch),
        (open) => writeAlone(open, batch),
      );
    }
    // A store of files cannot be written while this process has it open for reading.
    if (!isCode(error, 'MR_STORE_OPEN')) throw error;
    await stores.writeOr((store) => store.write(batch), write);
  }
}

function isCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof MillraceError && error.code === code;
}

/** Nothing ever ran here: this process is the one that writes, for a moment. */
async function writeAlone(open: () => Promise<OnlineStore>, batch: VectorBatch): Promise<void> {
  const store = await open();
  try {
    await store.write(batch);
  } finally {
    await store.close();
  }
}

/** The store does not know the view yet: whoever writes first makes it known. */
class ViewIsNew extends Error {}

function checkDefinition(project: ResolvedProject, name: string, { views }: StoreRows): void {
  const view = project.plan.views.find((candidate) => candidate.name === name);
  const stored = views.find((candidate) => candidate.view === name);
  if (stored === undefined) throw new ViewIsNew(name);
  if (view !== undefined && stored.fingerprint === viewFingerprint(project.plan, view)) return;
  throw new MillraceError('MR_STORE_SCHEMA', `rows of "${name}" have another definition`, {
    context: { path: name },
    fix: 'run the job with the definitions of today first',
  });
}

async function replaceOlder(store: StoreRows, batch: VectorBatch): Promise<void> {
  const newest = createNewestRows().find(batch);
  const packed = packRows(batch, newest);
  let left = [...newest].map((row, i) => ({
    key: batch.keyData.slice(batch.keyStarts[row], batch.keyEnds[row]),
    row: packed[i] as Uint8Array,
  }));
  for (let attempt = 0; left.length > 0; attempt++) {
    if (attempt === attemptsMax) throw overtaken(batch.view, left.length);
    const there = await store.read(
      batch.view,
      left.map(({ key }) => key),
    );
    const older = left.flatMap(({ key, row }, i) => {
      const stored = there[i] ?? null;
      if (stored !== null && !isNewerThan(versionOf(row), stored)) return [];
      return [{ key, row, expected: stored === null ? null : versionOf(stored) }];
    });
    const done = older.length === 0 ? [] : await store.replace(batch.view, older);
    left = older.filter((_, i) => done[i] !== true);
  }
}

function overtaken(view: string, count: number): MillraceError {
  const message = `${count} rows of "${view}" changed again and again while they were to be written`;
  return new MillraceError('MR_STORE_AWAY', message, { fix: 'write them again' });
}
