// Many small files of a feature log into few, a day after the other, while a job may write and
// others read. One compaction of a log at a time.
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { CompactOptions, CompactedLog } from '../../../ports/feature-log.ts';
import { fileError } from '../file-errors.ts';
import { isAlive } from './is-alive.ts';
import { endMerges, filesOfDay, replaceFiles } from './log-merges.ts';
import { type PlannedMerge, planMerges } from './plan-merges.ts';

const smallBytes = 64 * 2 ** 20;
const mergedBytes = 256 * 2 ** 20;

/** Compacts the log below `root`. */
export async function compactLog(root: string, options: CompactOptions): Promise<CompactedLog> {
  const pending = join(root, '.pending');
  await mkdir(pending, { recursive: true }).catch((error: unknown) => {
    throw fileError(pending, error);
  });
  const unlock = await lock(join(pending, 'compaction.lock'), root);
  const hidden = join(pending, `${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    await mkdir(hidden);
    return await compactViews(root, hidden, options);
  } finally {
    await rm(hidden, { recursive: true, force: true });
    await unlock();
  }
}

async function compactViews(
  root: string,
  hidden: string,
  options: CompactOptions,
): Promise<CompactedLog> {
  const result = { filesBefore: 0, filesAfter: 0, rowsMerged: 0, left: [] as string[] };
  for (const view of options.views) {
    for (const folder of await dayFolders(root, view)) {
      options.signal?.throwIfAborted();
      // Whoever holds the lock is the only one who merges.
      await endMerges(folder, () => false);
      const paths = await filesOfDay(folder);
      result.filesBefore += paths.length;
      result.filesAfter += paths.length;
      for (const merge of await mergesOf(folder, paths, options)) {
        const from = merge.replaced.map((name) => join(folder, name));
        const to = join(hidden, merge.merged);
        const rows = await options.merge(view, from, to);
        if (rows === null) {
          result.left.push(...from);
          continue;
        }
        await replaceFiles(folder, merge, to);
        result.rowsMerged += rows;
        result.filesAfter -= merge.replaced.length - 1;
        options.onMerged?.(view, merge.replaced.length, rows);
      }
    }
  }
  return result;
}

async function mergesOf(
  folder: string,
  paths: readonly string[],
  { restorePoints }: CompactOptions,
): Promise<readonly PlannedMerge[]> {
  const files = await Promise.all(
    paths.map(async (path) => ({
      name: path.slice(folder.length + 1),
      bytes: (await stat(path).catch(() => ({ size: Number.POSITIVE_INFINITY }))).size,
    })),
  );
  const inSight = files.filter(({ name }) => !name.includes('/'));
  return planMerges(inSight, restorePoints, { smallBytes, mergedBytes });
}

/** Folders of the days of a view; none when it has no log. */
export async function dayFolders(root: string, view: string): Promise<readonly string[]> {
  const names = await readdir(join(root, view)).catch(() => []);
  return names
    .filter((name) => name.startsWith('date='))
    .toSorted()
    .map((name) => join(root, view, name));
}

/** Takes the lock file; the lock of a process that is gone does not count. */
async function lock(path: string, root: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      const handle = await open(path, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
        throw fileError(path, error);
      }
    }
    const pid = Number.parseInt(await readFile(path, 'utf8').catch(() => ''), 10);
    if (pid > 0 && pid !== process.pid && !isAlive(pid)) {
      await rm(path, { force: true });
      continue;
    }
    throw new MillraceError('MR_LOG_IN_USE', `process ${pid} is compacting ${root}`, {
      context: { path: root },
      fix: 'wait until it is done',
    });
  }
}
