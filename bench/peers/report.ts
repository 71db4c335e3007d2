// What was measured, as progress, as tables and as JSON. Ratios are of one run of the comparison:
// figures of different runs or machines say little, so a kept run is compared in ratios, too.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { flinkVersion } from '../../test/integration/flink/flink-install.ts';
import { machine, rounded } from '../load/measure.ts';
import { type Figures, figuresOf, type Kept, type Measurement, type Ratio } from './figures.ts';
import type { LatencyFigures } from './latency.ts';
import { baselineTable, figuresTable, latencyTable } from './report-tables.ts';
import type { SameResults } from './same-results.ts';

/** How the rows of a run came about. */
export interface RunOptions {
  readonly from: 'kafka' | 'file';
  readonly events: number;
  readonly users: number;
  readonly rounds: number;
}

export class Report {
  readonly #options: RunOptions;
  readonly #figures: Figures[] = [];
  readonly #same: SameResults[] = [];
  readonly #latency: LatencyFigures[] = [];

  constructor(options: RunOptions) {
    this.#options = options;
  }

  addSame(same: SameResults): void {
    this.#same.push(same);
    const { name, rows, checksum, difference_max } = same;
    say(`${name}: ${rows} equal rows, checksum ${checksum}, off by ≤ ${difference_max}`);
  }

  add(measurement: Measurement): void {
    const figures = figuresOf(measurement);
    this.#figures.push(figures);
    const { comparison, engine, variant, parallelism, load_average } = figures;
    const { events_per_second, cpu_seconds_per_million, rss_mb } = figures;
    say(
      `${comparison} ${engine} ${variant} ${parallelism}: ${events_per_second} events/s, ` +
        `${cpu_seconds_per_million} CPU-s per million, ${rss_mb} MB, load ${load_average}`,
    );
  }

  addLatency(figures: LatencyFigures): void {
    this.#latency.push(figures);
    const { engine, setting, p50_ms, p99_ms } = figures;
    say(`latency ${engine}, ${setting}: p50 ${p50_ms}, p99 ${p99_ms} ms`);
  }

  /** The tables; with the kept run of this machine's kind beside them, where there is one. */
  text(): string {
    const kept = this.#kept();
    const now: Kept = { figures: this.#figures, latency: this.#latency };
    return [
      figuresTable(this.#ratios()),
      this.#latency.length === 0 ? '' : latencyTable(this.#latency),
      kept === null ? '' : baselineTable(now, kept),
    ]
      .filter((table) => table !== '')
      .join('\n\n');
  }

  json(): string {
    return JSON.stringify(this.#record(), null, 2);
  }

  #record(): Saved {
    const ratios = this.#ratios().map(({ flink, ours, ...ratio }) => ({
      job: flink.comparison,
      flink: `${flink.variant}, parallelism ${flink.parallelism}`,
      ours: ours.variant,
      ...ratio,
    }));
    return {
      machine: { ...machine(), flink: flinkVersion },
      options: this.#options,
      same_results: this.#same,
      ratios,
      latency: this.#latency,
      figures: this.#figures,
    };
  }

  /** Keeps the run as what later ones are compared with; what it did not measure stays. */
  save(): void {
    const kept = this.#kept();
    const saved = kept === null ? this.#record() : withKept(this.#record(), kept);
    writeFileSync(this.#path(), `${JSON.stringify(saved, null, 2)}\n`);
    say(`kept as ${this.#path()}`);
  }

  #path(): string {
    const { platform, cores } = machine();
    const name = `flink-${this.#options.from}-${platform.replace(' ', '-')}-${cores}-cores.json`;
    return new URL(`../results/${name}`, import.meta.url).pathname;
  }

  #kept(): Saved | null {
    const path = this.#path();
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Saved) : null;
  }

  #ratios(): readonly Ratio[] {
    const of = (wanted: Figures['engine']) =>
      this.#figures.filter(({ engine }) => engine === wanted);
    return of('flink').flatMap((flink) =>
      of('millrace')
        .filter((ours) => ours.comparison === flink.comparison)
        .map((ours) => ({
          flink,
          ours,
          per_second: rounded(ours.events_per_second / flink.events_per_second, 2),
          per_cpu_second: rounded(ours.events_per_cpu_second / flink.events_per_cpu_second, 2),
          memory: rounded(flink.rss_mb / ours.rss_mb, 1),
        })),
    );
  }
}

/** A run in its file. */
interface Saved extends Kept {
  readonly machine: unknown;
  readonly options?: RunOptions;
  readonly same_results: readonly SameResults[];
  readonly ratios: ReadonlyArray<{ readonly job: string }>;
  readonly latency: readonly LatencyFigures[];
}

function withKept(now: Saved, kept: Saved): Saved {
  const measured = new Set(now.figures.map(({ comparison }) => comparison));
  const isKept = (comparison: string | undefined): boolean => !measured.has(comparison ?? '');
  const same = kept.same_results.filter(({ name }) => isKept(name.split(':')[0]));
  return {
    ...now,
    same_results: [...same, ...now.same_results],
    ratios: [...kept.ratios.filter(({ job }) => isKept(job)), ...now.ratios],
    figures: [...kept.figures.filter(({ comparison }) => isKept(comparison)), ...now.figures],
    latency: now.latency.length > 0 ? now.latency : (kept.latency ?? []),
  };
}

/** Progress: not on the standard output, which is for tables or JSON. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
