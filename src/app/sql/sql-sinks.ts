// Where rows of a query go: shown, thrown away, written to files or topics. Rows that change go to
// sinks that can follow a change: what is shown, and topics with a key.
import type { SqlTarget, SqlTask } from '../../sql/bind/bind-script.ts';
import { refusal, typeProblem } from '../../sql/syntax/sql-error.ts';
import { filesSink } from './file-sinks.ts';
import { type OpenSink, type SinkContext, type SqlSink, valuesOf } from './sql-sink.ts';
import { printText } from './sql-row.ts';
import { TableOptions } from './table-options.ts';
import { topicSink } from './topic-sinks.ts';

const writable = ['print', 'blackhole', 'filesystem', 'kafka', 'upsert-kafka'] as const;

/** Checks the target of a query, and gives what opens it. Throws problems with their places. */
export function sinkOf(task: SqlTask, target: SqlTarget, context: SinkContext): OpenSink {
  const options = new TableOptions(target.table);
  const connector = options.oneOf('connector', writable);
  const { isChanging } = task.query;
  if (isChanging && (connector === 'filesystem' || connector === 'kafka')) {
    const what = `rows of this query change, and ${connector} tables only take new ones`;
    throw refusal(task.at, what, "use 'upsert-kafka', or group by a window");
  }
  switch (connector) {
    case 'blackhole':
      return () => Promise.resolve(nowhere);
    case 'print':
      return printSink(options, target, context);
    case 'filesystem':
      return filesSink(options, target, context);
    case 'kafka':
      return topicSink(options, target, { isKeyed: false, takesBack: false });
    case 'upsert-kafka':
      if (target.table.primaryKey.length === 0) {
        const fix = 'add PRIMARY KEY (…) NOT ENFORCED';
        throw typeProblem(target.table.at, `table ${target.table.name} has no key`, fix);
      }
      return topicSink(options, target, { isKeyed: true, takesBack: takesBack(task) });
  }
}

/**
 * Whether a row that is taken back may not come again: it was chosen by what changes. Flink removes its
 * key then, and writes it anew where it does come.
 */
function takesBack({ query }: SqlTask): boolean {
  for (let one: SqlTask['query'] | null = query; one !== null; one = one.upstream) {
    const isChosen = one.kind === 'rows' && one.predicates.length > 0;
    if (one.isChanging && (one.having !== null || isChosen)) return true;
  }
  return false;
}

const nowhere: SqlSink = {
  write: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

function printSink(options: TableOptions, target: SqlTarget, { print }: SinkContext): OpenSink {
  const identifier = options.get('print-identifier');
  options.get('standard-error');
  options.finish();
  const prefix = identifier === undefined ? '' : `${identifier}> `;
  return () =>
    Promise.resolve({
      write: async (rows) => {
        for (const row of rows) {
          const values = valuesOf(target, row);
          const texts = target.columns.map(({ type }, i) => printText(values[i] ?? null, type));
          print(`${prefix}${row.kind}[${texts.join(', ')}]`);
        }
        await Promise.resolve();
      },
      close: () => Promise.resolve(),
    });
}
