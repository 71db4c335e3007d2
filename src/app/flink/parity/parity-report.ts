// What a comparison found, as data: the command line prints it, CI keeps it.

/** One window of one view at one parallelism. */
export interface FlinkParityWindow {
  readonly view: string;
  readonly window: string;
  readonly parallelism: number;
  readonly equal: boolean;
  readonly rows_engine: number;
  readonly rows_flink: number;
  /** Rows of equal key and instant whose values differ. */
  readonly differing: number;
  /** Rows that only the engine has. */
  readonly missing: number;
  /** Rows that only Flink has. */
  readonly extra: number;
  readonly late_engine: number;
  /** Null: Flink's rows do not tell it (hopping windows share records); then equal rows do. */
  readonly late_flink: number | null;
  /** The first differences, in words. */
  readonly examples: readonly string[];
  /** What engine and Flink do differently here on purpose, and was set equal for the comparison. */
  readonly by_design: readonly string[];
  /** Why Flink gave no rows at all: its error. Null when it ran. */
  readonly failure: string | null;
}

/** The events that both sides got. */
export interface FlinkParityEvents {
  readonly stream: string;
  readonly records: number;
  /** Records that are dead letters of the engine; Flink leaves them out. */
  readonly dead_letters: number;
  readonly partitions: number;
  /** `./purchases.jsonl`, or `made up, seed 1`. */
  readonly from: string;
}

/** The result of `flinkParity`. */
export interface FlinkParityReport {
  readonly project: string;
  readonly env: string;
  /** True when every window is equal, and there is at least one. */
  readonly equal: boolean;
  readonly events: readonly FlinkParityEvents[];
  readonly windows: readonly FlinkParityWindow[];
  /** Views that Flink does not compute, with the reason. */
  readonly not_compared: readonly { readonly view: string; readonly reason: string }[];
}

/** The report as JUnit's XML: a suite for each parallelism, a case for each window. */
export function junitReport({ project, env, windows, not_compared }: FlinkParityReport): string {
  const byParallelism = Map.groupBy(windows, ({ parallelism }) => parallelism);
  const suites = [...byParallelism].map(([parallelism, all]) => {
    const failures = all.filter(({ equal }) => !equal).length;
    const skipped = not_compared.map(
      ({ view, reason }) =>
        `    <testcase classname="${xml(view)}" name="${xml(view)}"><skipped message="${xml(reason)}"/></testcase>`,
    );
    const counts = `tests="${all.length + skipped.length}" failures="${failures}" skipped="${skipped.length}"`;
    const name = xml(`flink parity ${project} ${env}, parallelism ${parallelism}`);
    return [
      `  <testsuite name="${name}" ${counts}>`,
      ...all.map(caseXml),
      ...skipped,
      '  </testsuite>',
    ];
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    ...suites.flat(),
    '</testsuites>',
    '',
  ].join('\n');
}

function caseXml(window: FlinkParityWindow): string {
  const head = `    <testcase classname="${xml(window.view)}" name="${xml(window.window)}"`;
  if (window.equal) return `${head}/>`;
  const message = xml(window.failure ?? summaryOf(window));
  const body = xml([summaryOf(window), ...window.examples].join('\n'));
  return `${head}><failure message="${message}">${body}</failure></testcase>`;
}

/** One window in a line. */
export function summaryOf(window: FlinkParityWindow): string {
  const { rows_engine, rows_flink, differing, missing, extra, late_engine, late_flink } = window;
  return (
    `rows ${rows_engine} and ${rows_flink}: ${differing} differ, ${missing} missing on Flink, ` +
    `${extra} only there; late ${late_engine} and ${late_flink ?? 'not told'}`
  );
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** Text of XML; characters that XML cannot hold are left out. */
function xml(text: string): string {
  return text
    .replaceAll(/[&<>"]/g, (character) => escapes[character] ?? character)
    .replaceAll(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '');
}
