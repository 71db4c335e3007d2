// Few files of many in the feature log of an environment, while its job may run: which checkpoints
// could be restored is asked of their storage, files are read and written as columns.
import { ColumnFile } from '../../adapters/file/log/column-file.ts';
import { logFields } from '../../adapters/file/log/log-rows.ts';
import { type ColumnBuilder, columnForField } from '../../columns/column-builder.ts';
import { manifestIdOf } from '../../engine/checkpoint/names.ts';
import { openParquetRows } from '../../formats/parquet/parquet-rows.ts';
import { systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { loggedForm } from '../../offline/logged/logged-form.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { checkpointStorageOf, jobName } from '../recovery/checkpoint-place.ts';
import { storedViews } from '../stored-views.ts';

/** Options of `app.log.compact`. */
export interface CompactLogOptions {
  /** Names of views; default: all. */
  readonly views?: readonly string[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

/** What `app.log.compact` did. */
export interface CompactLogResult {
  readonly views: readonly string[];
  readonly files_before: number;
  readonly files_after: number;
  readonly rows_merged: number;
  /** Files left as they are, because they have other columns than the definition of today. */
  readonly files_left: number;
  readonly elapsed_ms: number;
}

const bounded = ['event_time', 'as_of'];

export async function compactProjectLog(
  project: ResolvedProject,
  options: CompactLogOptions,
): Promise<CompactLogResult> {
  const { environment, baseDirectory, variant, env, plan } = project;
  const { offline } = environment;
  if (offline?.compact === undefined) {
    throw new MillraceError('MR_CONFIG_INVALID', `environment "${env}" keeps no feature log`, {
      context: { path: `environments.${env}.offline` },
      fix: "bind one with offline: featureLog('…')",
    });
  }
  const startMs = systemClock.monotonicMs();
  const views = options.views ?? plan.views.map(({ name }) => name);
  const fields = new Map(
    storedViews(plan).map((view) => {
      const features = view.features.map((field) => ({ ...field, nullable: true }));
      return [view.view, logFields({ ...view, features })];
    }),
  );
  let merged = 0;
  const done = await offline.compact(
    { baseDirectory, ...(variant === null ? {} : { variant }) },
    {
      views,
      restorePoints: await restorePoints(project),
      merge: (view, from, to) => mergeFiles(fields.get(view) ?? [], from, to),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      onMerged: (view, files, rows) => {
        merged += rows;
        const text = merged.toLocaleString('en-US');
        options.onProgress?.(`compacting ${view}: ${text} rows merged, ${files} files into one`);
      },
    },
  );
  return {
    views,
    files_before: done.filesBefore,
    files_after: done.filesAfter,
    rows_merged: done.rowsMerged,
    files_left: done.left.length,
    elapsed_ms: Math.round(systemClock.monotonicMs() - startMs),
  };
}

/** Checkpoints and savepoints of the job that could be restored. */
async function restorePoints(
  project: ResolvedProject,
): Promise<ReadonlyMap<string, readonly number[]>> {
  if (project.settings.checkpoints === null) return new Map();
  const job = jobName(project);
  const objects = await checkpointStorageOf(project).list(`${job}/`);
  return new Map([[job, objects.flatMap(({ name }) => manifestIdOf(name) ?? [])]]);
}

/** Null when a file has other columns, or others of the same name. */
async function mergeFiles(
  fields: readonly Field[],
  from: readonly string[],
  to: string,
): Promise<number | null> {
  const forms = fields.map((field) => loggedForm(field).field);
  const columns: ColumnBuilder[] = forms.map((field) => columnForField(field));
  const file = new ColumnFile(to, forms, bounded);
  let rowCount = 0;
  try {
    for (const path of from) {
      const rows = await openParquetRows(path);
      try {
        if (!isSame(rows.names, forms)) return await discarded(file);
        for (const [group, count] of rows.groups.entries()) {
          for (const [i, form] of forms.entries()) {
            await rows.read(group, form, columns[i] as ColumnBuilder);
          }
          await file.append(columns, 0, count);
          rowCount += count;
        }
      } finally {
        await rows.close();
      }
    }
    await file.finish();
    return rowCount;
  } catch (error) {
    await file.discard();
    if (error instanceof MillraceError && error.code === 'MR_FILE_FORMAT') return null;
    throw error;
  }
}

async function discarded(file: ColumnFile): Promise<null> {
  await file.discard();
  return null;
}

function isSame(names: readonly string[], fields: readonly Field[]): boolean {
  return names.length === fields.length && fields.every(({ name }, i) => names[i] === name);
}
