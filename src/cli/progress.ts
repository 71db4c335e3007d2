// Progress of a run on stderr: one line redrawn on a terminal, a plain line every few seconds
// elsewhere. It never touches stdout.
import type { RunProgress } from '../app/run-report.ts';
import type { StreamFailures } from '../engine/job/failure-breaker.ts';
import { formatDuration } from '../kernel/duration.ts';
import { formatInstant } from '../kernel/instant.ts';
import { formatCount } from './table.ts';
import type { Terminal } from './terminal.ts';

const redrawMs = 100;
const plainLineMs = 5000;
const clearLine = '\r\u001b[2K';

export interface ProgressLine {
  update(text: () => string): void;
  /** Removes the redrawn line; the next output starts on a clean one. */
  end(): void;
}

/** Shows texts as often as the terminal can take them; `nowMs` is monotonic. */
export function createProgressLine(
  terminal: Terminal,
  nowMs: () => number = () => performance.now(),
): ProgressLine {
  const everyMs = terminal.canRedraw ? redrawMs : plainLineMs;
  let shownMs = terminal.canRedraw ? Number.NEGATIVE_INFINITY : nowMs();
  let isDrawn = false;
  return {
    update(text) {
      const now = nowMs();
      if (now - shownMs < everyMs) return;
      shownMs = now;
      if (!terminal.canRedraw) return terminal.log('info', text());
      terminal.draw(`${clearLine}${text()}`);
      isDrawn = true;
    },
    end() {
      if (isDrawn) terminal.draw(clearLine);
      isDrawn = false;
    },
  };
}

export function describeProgress(progress: RunProgress): string {
  const { watermarkMs, lagMs, checkpoints, restarts } = progress;
  return [
    ...(progress.state === 'restarting' ? ['restarting'] : []),
    ...progress.failures.filter(({ isAlerting }) => isAlerting).map(failing(progress.state)),
    `${formatCount(progress.recordsIn)} events`,
    `${formatCount(progress.eventsPerSecond)}/s`,
    watermarkMs === null ? 'no watermark yet' : `watermark ${formatInstant(watermarkMs)}`,
    ...(lagMs === null ? [] : [`lag ${formatLag(lagMs)}`]),
    `late ${formatCount(progress.lateRecords)}`,
    `dead letters ${formatCount(progress.deadLetters)}`,
    ...(checkpoints.lastId === null ? [] : [`checkpoint ${checkpoints.lastId}`]),
    ...(checkpoints.failed === 0 ? [] : [`failed checkpoints ${formatCount(checkpoints.failed)}`]),
    ...(restarts.count === 0 ? [] : [`restarts ${formatCount(restarts.count)}`]),
  ].join('  ');
}

function failing(state: RunProgress['state']): (of: StreamFailures) => string {
  return ({ stream, failed, records, isBroken }) => {
    const share = `${formatCount(failed)} of ${formatCount(records)} records of ${stream} failed`;
    return isBroken && state === 'paused' ? `PAUSED: ${share}` : share;
  };
}

/** A duration in its two largest units: `3d4h`, `2m5s`, `120ms`. */
export function formatLag(ms: number): string {
  const size = Math.abs(ms);
  const unit =
    size >= 86_400_000 ? 3_600_000 : size >= 3_600_000 ? 60_000 : size >= 1000 ? 1000 : 1;
  return formatDuration(Math.round(ms / unit) * unit);
}
