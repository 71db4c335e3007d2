// The status of a job as lines and tables for people: totals, then streams with their splits,
// checkpoints, worker threads and hot keys, as far as there is anything to say.
import type { JobStatus } from '../app/status/job-status.ts';
import type { SourceStatus, SplitStatus, StatusDocument } from '../app/status/status-document.ts';
import { keyText } from '../app/status/status-problems.ts';
import { formatInstant } from '../kernel/instant.ts';
import { formatLag } from './progress.ts';
import { formatCount, formatTable } from './table.ts';

export function statusTables(
  { at_ms }: Pick<JobStatus, 'at_ms'>,
  document: StatusDocument,
): readonly string[] {
  return [
    totals(document),
    timeText(document),
    checkpointText(document, at_ms),
    ...restartText(document),
    ...sourceTable(document.sources),
    ...subtaskTable(document),
    ...hotKeyTable(document),
    ...freshnessTable(document),
  ];
}

function totals(document: StatusDocument): string {
  const letters = Object.entries(document.dlq_records).filter(([, count]) => count > 0);
  const total = letters.reduce((sum, [, count]) => sum + count, 0);
  const of = letters.map(([name, count]) => `${name} ${formatCount(count)}`).join(', ');
  return [
    `records in ${formatCount(document.num_records_in)} (${formatCount(document.events_per_second)}/s)`,
    `out ${formatCount(document.num_records_out)}`,
    `late ${formatCount(document.num_late_records_dropped)}`,
    `dead letters ${formatCount(total)}${of === '' ? '' : ` (${of})`}`,
    `keys ${formatCount(document.state_entries)}`,
    `state ${bytesText(document.state_bytes)}`,
    `since ${formatInstant(document.started_at_ms)}`,
  ].join(', ');
}

function timeText({ time }: StatusDocument): string {
  const { busy_time_ms_per_second: busy, idle_time_ms_per_second: idle } = time;
  const { back_pressured_time_ms_per_second: blocked } = time;
  return `reading and writing: busy ${percent(busy)}, idle ${percent(idle)}, waiting for sinks ${percent(blocked)}`;
}

function checkpointText({ checkpoints, has_checkpoints }: StatusDocument, nowMs: number): string {
  if (!has_checkpoints) return 'checkpoints: none are taken';
  const { last, completed, number_of_failed_checkpoints: failed, restored_id } = checkpoints;
  const counts = `${formatCount(completed)} completed, ${formatCount(failed)} failed`;
  const restored = restored_id === null ? '' : `, went on from ${restored_id}`;
  if (last === null) return `checkpoints: ${counts}${restored}`;
  const { last_checkpoint_size_bytes: added, last_checkpoint_full_size_bytes: full } = last;
  const bytes = `${bytesText(added)} added, ${bytesText(full)} in all`;
  const took = formatLag(last.last_checkpoint_duration_ms);
  const age = formatLag(Math.max(0, nowMs - last.at_ms));
  return `checkpoints: ${last.id} ${age} ago (took ${took}, ${bytes}), ${counts}${restored}`;
}

function restartText({ num_restarts, last_restart }: StatusDocument): readonly string[] {
  if (last_restart === null) return [];
  const at = formatInstant(last_restart.at_ms);
  return [`restarts: ${formatCount(num_restarts)}, last at ${at}: ${last_restart.reason}`];
}

/** A line for each split; a stream without any has one of its own. */
function sourceTable(sources: readonly SourceStatus[]): readonly string[] {
  const rows = sources.flatMap((source) => {
    const whole = [
      source.stream,
      source.splits.length === 1
        ? (source.splits[0]?.split ?? '')
        : `${source.splits.length} splits`,
      source.splits.length === 1 ? splitState(source, 0) : '',
      formatCount(source.num_records_in),
      instant(source.current_input_watermark),
      source.splits.every(hasEnded) ? '' : lag(source.watermark_lag_ms),
    ];
    if (source.splits.length === 1) return [whole];
    const splits = source.splits.map((split, i) => [
      '',
      split.split,
      splitState(source, i),
      formatCount(split.num_records_in),
      instant(split.current_input_watermark),
      hasEnded(split) ? '' : lag(split.watermark_lag_ms),
    ]);
    return [whole, ...splits];
  });
  if (rows.length === 0) return [];
  const header = ['stream', 'split', 'state', 'records', 'watermark', 'lag'];
  return ['', formatTable(header, rows, new Set([3, 5]))];
}

function hasEnded({ state }: SplitStatus): boolean {
  return state === 'ended';
}

function splitState(source: SourceStatus, index: number): string {
  const split = source.splits[index];
  if (split === undefined) return '';
  const { holder } = source;
  const holds =
    holder?.split === split.split && source.splits.length > 1
      ? `, holds the watermark since ${formatInstant(holder.since_ms)}`
      : '';
  return `${split.state}${split.is_waiting ? ', waits for slower splits' : ''}${holds}`;
}

function subtaskTable({ subtasks }: StatusDocument): readonly string[] {
  if (subtasks.length === 0) return [];
  const rows = subtasks.map((of) => [
    String(of.subtask),
    formatCount(of.num_records_in),
    formatCount(of.state_entries),
    percent(of.busy_time_ms_per_second),
    percent(of.idle_time_ms_per_second),
    percent(of.back_pressured_time_ms_per_second),
  ]);
  const header = ['thread', 'records', 'keys', 'busy', 'idle', 'back-pressured'];
  return ['', formatTable(header, rows, new Set([0, 1, 2, 3, 4, 5]))];
}

function hotKeyTable({ hot_keys }: StatusDocument): readonly string[] {
  if (hot_keys.length === 0) return [];
  const rows = hot_keys.map(({ key, hot_key_share, subtask, views }) => [
    keyText(key),
    `${(hot_key_share * 100).toFixed(1)} %`,
    String(subtask),
    views.join(', '),
  ]);
  return ['', formatTable(['hot key', 'share', 'thread', 'views'], rows, new Set([1, 2]))];
}

function freshnessTable({ freshness = [] }: StatusDocument): readonly string[] {
  const measured = freshness.filter(({ event_to_servable_p50_ms: p50 }) => p50 !== null);
  if (measured.length === 0) return [];
  const rows = measured.map((of) => [
    of.view,
    of.promise_ms === null ? '' : formatLag(of.promise_ms),
    ratioText(of.feature_freshness_slo_ratio),
    ratioText(of.target),
    formatCount(of.rows),
    lag(of.event_to_servable_p50_ms),
    lag(of.event_to_servable_p99_ms),
  ]);
  const header = ['event → servable', 'promise', 'kept', 'target', 'rows', 'p50', 'p99'];
  return ['', formatTable(header, rows, new Set([1, 2, 3, 4, 5, 6]))];
}

function ratioText(ratio: number | null): string {
  return ratio === null ? '' : `${(Math.floor(ratio * 10_000) / 100).toString()} %`;
}

function instant(ms: number | null): string {
  return ms === null ? '' : formatInstant(ms);
}

function lag(ms: number | null): string {
  return ms === null ? '' : formatLag(ms);
}

/** Of a second. */
function percent(msPerSecond: number): string {
  return `${Math.round(msPerSecond / 10)} %`;
}

function bytesText(bytes: number): string {
  const [unit, size] =
    bytes >= 1e9 ? ['GB', 1e9] : bytes >= 1e6 ? ['MB', 1e6] : bytes >= 1e3 ? ['KB', 1e3] : ['B', 1];
  const value = bytes / (size as number);
  return `${value >= 100 || size === 1 ? Math.round(value) : value.toFixed(1)} ${unit as string}`;
}
