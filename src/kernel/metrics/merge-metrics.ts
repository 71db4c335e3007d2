// The metrics of several processes as those of one: counters and histograms are added up, of gauges
// the greatest counts. Order and help are those of the first text that has a metric.

/** OpenMetrics texts of equal processes as one. */
export function mergeMetrics(texts: readonly string[]): string {
  const families = new Map<string, Family>();
  for (const text of texts) readInto(families, text);
  const lines = [...families.values()].flatMap(({ heads, samples }) => [
    ...heads,
    ...[...samples].map(([name, value]) => `${name} ${value}`),
  ]);
  return `${[...lines, '# EOF'].join('\n')}\n`;
}

interface Family {
  readonly heads: string[];
  /** Value by name and labels. */
  readonly samples: Map<string, number>;
  isGauge: boolean;
}

function readInto(families: Map<string, Family>, text: string): void {
  let family: Family | null = null;
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type !== null) {
      const [, name = '', kind] = type;
      const known = families.get(name);
      family = known ?? { heads: [], samples: new Map(), isGauge: kind === 'gauge' };
      families.set(name, family);
      if (known === undefined) family.heads.push(line);
    } else if (line.startsWith('# HELP ')) {
      if (family?.heads.length === 1) family.heads.push(line);
    } else if (line !== '' && !line.startsWith('#') && family !== null) addSample(family, line);
  }
}

function addSample({ samples, isGauge }: Family, line: string): void {
  const at = line.lastIndexOf(' ');
  const name = line.slice(0, at);
  const value = Number(line.slice(at + 1));
  const before = samples.get(name);
  if (before === undefined) samples.set(name, value);
  else samples.set(name, isGauge ? Math.max(before, value) : before + value);
}
