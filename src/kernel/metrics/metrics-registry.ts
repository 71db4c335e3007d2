// Metrics as plain numeric fields, rendered as OpenMetrics text when somebody asks. Setting a value
// is a field write. Labels are fixed when a metric is made; entity keys never become labels.

export type Labels = Readonly<Record<string, string>>;

/** A number that only grows. */
export interface Counter {
  value: number;
}

/** A number that comes and goes; NaN is left out of the text. */
export interface Gauge {
  value: number;
}

/** Counts of observations by upper bound. */
export interface Histogram {
  /** `times`: as if it were observed so often. Default 1. */
  observe(value: number, times?: number): void;
  readonly count: number;
  readonly sum: number;
  /** The bound below which the share `q` of all observations lies; +∞ beyond the last, NaN without any. */
  quantile(q: number): number;
}

type MetricKind = 'counter' | 'gauge' | 'histogram';

interface Family {
  readonly kind: MetricKind;
  readonly help: string;
  readonly series: Map<string, Counter | Gauge | BucketHistogram>;
}

const namePattern = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** The metrics of one process. Asking twice for the same name and labels gives the same metric. */
export class MetricsRegistry {
  readonly #families = new Map<string, Family>();

  /** `name` without its `_total`: the text adds it. */
  counter(name: string, help: string, labels: Labels = {}): Counter {
    return this.#series(name, 'counter', help, { labels, create: () => ({ value: 0 }) }) as Counter;
  }

  gauge(name: string, help: string, labels: Labels = {}): Gauge {
    const create = (): Gauge => ({ value: Number.NaN });
    return this.#series(name, 'gauge', help, { labels, create }) as Gauge;
  }

  /** `bounds`: ascending upper bounds (inclusive); +∞ is added. */
  histogram(
    name: string,
    help: string,
    options: { readonly bounds: readonly number[]; readonly labels?: Labels },
  ): Histogram {
    const create = (): BucketHistogram => new BucketHistogram(options.bounds);
    const labels = options.labels ?? {};
    return this.#series(name, 'histogram', help, { labels, create }) as BucketHistogram;
  }

  /** All metrics as OpenMetrics text (`application/openmetrics-text; version=1.0.0`). */
  render(): string {
    const lines: string[] = [];
    for (const [name, { kind, help, series }] of this.#families) {
      lines.push(`# TYPE ${name} ${kind}`, `# HELP ${name} ${escape(help)}`);
      for (const [labels, metric] of series) {
        if (metric instanceof BucketHistogram) lines.push(...metric.render(name, labels));
        else if (kind === 'counter') lines.push(sample(`${name}_total`, labels, metric.value));
        else if (!Number.isNaN(metric.value)) lines.push(sample(name, labels, metric.value));
      }
    }
    return `${[...lines, '# EOF'].join('\n')}\n`;
  }

  #series(
    name: string,
    kind: MetricKind,
    help: string,
    { labels, create }: { labels: Labels; create: () => Counter | Gauge | BucketHistogram },
  ): Counter | Gauge | BucketHistogram {
    if (!namePattern.test(name)) throw new TypeError(`"${name}" cannot be the name of a metric`);
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { kind, help, series: new Map() };
      this.#families.set(name, family);
    }
    if (family.kind !== kind) throw new TypeError(`metric "${name}" is a ${family.kind}`);
    const key = renderLabels(labels);
    let metric = family.series.get(key);
    if (metric === undefined) {
      metric = create();
      family.series.set(key, metric);
    }
    return metric;
  }
}

class BucketHistogram implements Histogram {
  count = 0;
  sum = 0;
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number, times = 1): void {
    let low = 0;
    let high = this.#bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value <= (this.#bounds[middle] as number)) high = middle;
      else low = middle + 1;
    }
    this.#counts[low] = (this.#counts[low] as number) + times;
    this.count += times;
    this.sum += value * times;
  }

  quantile(q: number): number {
    if (this.count === 0) return Number.NaN;
    let below = 0;
    for (const [i, bound] of this.#bounds.entries()) {
      below += this.#counts[i] as number;
      if (below >= q * this.count) return bound;
    }
    return Number.POSITIVE_INFINITY;
  }

  render(name: string, labels: string): readonly string[] {
    let below = 0;
    const buckets = [...this.#bounds, Number.POSITIVE_INFINITY].map((bound, i) => {
      below += this.#counts[i] as number;
      const le = `le="${number(bound)}"`;
      return sample(`${name}_bucket`, labels === '' ? le : `${labels},${le}`, below);
    });
    return [
      ...buckets,
      sample(`${name}_count`, labels, this.count),
      sample(`${name}_sum`, labels, this.sum),
    ];
  }
}

function sample(name: string, labels: string, value: number): string {
  return `${name}${labels === '' ? '' : `{${labels}}`} ${number(value)}`;
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

function renderLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escape(value)}"`)
    .join(',');
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
