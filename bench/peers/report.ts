// What was measured, as a table and as JSON. Ratios are of events per CPU-second and of events a
// second, of one run of the comparison: figures of different runs or machines say little.
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { flinkVersion } from '../../test/integration/flink/flink-install.ts';
import type { SameResults } from './same-results.ts';

export interface Measured {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly checkpoints?: number;
  readonly rowsOut?: number;
}

export interface Measurement {
  readonly comparison: string;
  readonly job: string;
  readonly engine: 'flink' | 'millrace' | 'node';
  readonly variant: string;
  readonly parallelism: number;
  readonly events: number;
  readonly runs: readonly Measured[];
}

interface Figures {
  /** Contenders are compared within it. */
  readonly comparison: string;
  readonly job: string;
  readonly engine: Measurement['engine'];
  readonly variant: string;
  readonly parallelism: number;
  readonly events: number;
  readonly events_per_second: number;
  readonly events_per_cpu_second: number;
  readonly rss_mb: number;
  readonly checkpoints?: number;
  readonly rows_out?: number;
  /** Of the machine over the minute before: two busy cores are 2. */
  readonly load_average: number;
  /** Wall and CPU seconds of every repetition. */
  readonly seconds: ReadonlyArray<{ readonly wall: number; readonly cpu: number }>;
}

export class Report {
  readonly #figures: Figures[] = [];
  readonly #same: SameResults[] = [];
  /** Written anew with each measurement, so that a run that ends early leaves what it has. */
  readonly #path: string | null;

  constructor(path: string | null) {
    this.#path = path;
  }

  addSame(same: SameResults): void {
    this.#same.push(same);
    const { name, rows, checksum, difference_max } = same;
    console.log(`${name}: ${rows} equal rows, checksum ${checksum}, off by ≤ ${difference_max}`);
  }

  /** Keeps the repetition that used the least CPU and the one that took the least time. */
  add({ comparison, job, engine, variant, parallelism, events, runs }: Measurement): void {
    const perSecond = (milliseconds: (run: Measured) => number): number =>
      Math.round((events * 1000) / Math.min(...runs.map(milliseconds)));
    const last = runs[runs.length - 1];
    const figures: Figures = {
      comparison,
      job,
      engine,
      variant,
      parallelism,
      events,
      events_per_second: perSecond(({ wallMs }) => wallMs),
      events_per_cpu_second: perSecond(({ cpuMs }) => cpuMs),
      rss_mb: Math.max(...runs.map(({ rssMb }) => rssMb)),
      ...(last?.checkpoints === undefined ? {} : { checkpoints: last.checkpoints }),
      ...(last?.rowsOut === undefined ? {} : { rows_out: last.rowsOut }),
      load_average: rounded(loadavg()[0] ?? 0),
      seconds: runs.map(({ wallMs, cpuMs }) => ({
        wall: rounded(wallMs / 1000),
        cpu: rounded(cpuMs / 1000),
      })),
    };
    this.#figures.push(figures);
    console.log(line(figures));
    if (this.#path !== null) this.#write(this.#path);
  }

  /** Every measurement of Flink beside each of ours of the same comparison. */
  print(): void {
    console.log(
      '\njob  flink           ev/s   ev/CPU-s  ours                ev/s   ev/CPU-s  per s  per CPU-s',
    );
    for (const { flink, ours, per_second, per_cpu_second } of this.#ratios()) {
      const cells = [
        flink.job.padEnd(4),
        `${flink.variant} ${flink.parallelism}`.padEnd(9),
        ...numbers(flink),
        ` ${ours.variant}`.padEnd(14),
        ...numbers(ours),
        `${per_second}×`.padStart(6),
        `${per_cpu_second}×`.padStart(9),
      ];
      console.log(cells.join(' '));
    }
  }

  #write(path: string): void {
    const [cpu] = cpus();
    const ratios = this.#ratios().map(({ flink, ours, per_second, per_cpu_second }) => ({
      job: flink.job,
      flink: `${flink.variant}, parallelism ${flink.parallelism}`,
      ours: ours.variant,
      per_second,
      per_cpu_second,
    }));
    const machine = {
      cpu: cpu?.model ?? 'unknown',
      cores: cpus().length,
      memory_gb: Math.round(totalmem() / 1e9),
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      flink: flinkVersion,
    };
    const text = { machine, same_results: this.#same, ratios, figures: this.#figures };
    writeFileSync(path, `${JSON.stringify(text, null, 2)}\n`);
  }

  #ratios() {
    const of = (wanted: Figures['engine']) =>
      this.#figures.filter(({ engine }) => engine === wanted);
    return of('flink').flatMap((flink) =>
      of('millrace')
        .filter((ours) => ours.comparison === flink.comparison)
        .map((ours) => ({
          flink,
          ours,
          per_second: rounded(ours.events_per_second / flink.events_per_second),
          per_cpu_second: rounded(ours.events_per_cpu_second / flink.events_per_cpu_second),
        })),
    );
  }
}

function line(figures: Figures): string {
  const { job, engine, variant, parallelism, rss_mb, load_average } = figures;
  const name = `${job} ${engine} ${variant} ${parallelism}`.padEnd(28);
  const [second, cpuSecond] = numbers(figures);
  return `${name} ${second} ev/s ${cpuSecond} ev/CPU-s ${rss_mb} MB, load ${load_average}`;
}

function numbers({ events_per_second, events_per_cpu_second }: Figures): readonly string[] {
  const shown = (value: number): string => value.toLocaleString('en').padStart(10);
  return [shown(events_per_second), shown(events_per_cpu_second)];
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
