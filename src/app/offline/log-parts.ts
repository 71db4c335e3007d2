// The feature log of an environment as days and parts for joins: files in sight, read as Parquet.
import { parseDate } from '../../columns/parse-time.ts';
import { openParquetRows } from '../../formats/parquet/parquet-rows.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import {
  LogChanged,
  type LogDay,
  type LogPart,
  type LogSource,
} from '../../offline/logged/log-source.ts';
import type { FeatureLogQuery } from '../../ports/feature-log.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { flinkLogs } from '../flink/flink-logs.ts';

const dayMs = 86_400_000;
const dayPattern = /.*[/\\]date=(\d{4}-\d{2}-\d{2})[/\\]/;

/** Throws MR_CONFIG_INVALID when the environment has no feature log in files. */
export function logSource(project: ResolvedProject): LogSource {
  const { baseDirectory, variant, environment, env } = project;
  const { offline } = environment;
  const filesOf = (query: FeatureLogQuery): Promise<readonly string[]> =>
    offline?.files?.(query) ?? Promise.resolve([]);
  if (offline?.files === undefined) {
    throw new MillraceError('MR_CONFIG_INVALID', `environment "${env}" keeps no feature log`, {
      context: { path: `environments.${env}.offline` },
      fix: "bind one with offline: featureLog('…') and run, or train with --mode recompute",
    });
  }
  const place = { baseDirectory, ...(variant === null ? {} : { variant }) };
  const logsOnFlink = flinkLogs(project);
  return {
    logsOf: (view) => logsOnFlink(view) ?? [view.name],
    days: async (log, fromMs, toMs) => {
      const query = { ...place, view: log };
      const paths = await filesOf({ ...query, fromMs });
      if (paths.length === 0) {
        await refuseEmpty(filesOf({ ...query, fromMs: Number.NEGATIVE_INFINITY }), log);
      }
      return daysOf(paths).filter(({ startMs }) => startMs <= toMs);
    },
  };
}

async function refuseEmpty(all: Promise<readonly string[]>, log: string): Promise<void> {
  if ((await all).length > 0) return;
  throw new MillraceError('MR_LOG_EMPTY', `the feature log has no rows of view "${log}"`, {
    context: { path: log },
    fix: 'run the view, fill its past with `millrace backfill`, or train with --mode recompute',
  });
}

function daysOf(paths: readonly string[]): readonly LogDay[] {
  const byDay = new Map<string, string[]>();
  for (const path of paths) {
    // Files that are being merged lie one folder deeper.
    const day = dayPattern.exec(path)?.[1] ?? '';
    const parts = byDay.get(day) ?? [];
    byDay.set(day, parts);
    parts.push(path);
  }
  return [...byDay]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([day, parts]) => ({ startMs: (parseDate(day) ?? 0) * dayMs, parts, open: openPart }));
}

async function openPart(path: string): Promise<LogPart> {
  try {
    return await openParquetRows(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new LogChanged();
    throw error;
  }
}
