// `millrace get`: one read of the online store, as a table or as JSON. A missing entity is an answer,
// not an error.
import type { Command } from 'commander';
import { parseKey } from '../../app/parse-key.ts';
import { millrace } from '../../app/millrace.ts';
import { toJsonText } from '../../app/json-text.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import type { FeatureRead } from '../../serve/read/feature-reader.ts';
import { formatInstant } from '../../kernel/instant.ts';
import { type CliHost, newCommand, onAction, projectOptions } from '../command.ts';
import { exitCodes } from '../exit-code.ts';
import { formatLag } from '../progress.ts';
import { formatTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

export function getCommand(host: CliHost): Command {
  const command = newCommand('get', 'read the features of one entity from the online store', [
    'millrace get user_spend user_id=u1',
    'millrace get user_spend user_id=u1 --json',
  ])
    .argument('<view>', 'name of the view')
    .argument('[key=value...]', 'the join keys of its entity');
  return onAction<[string, string[]], object>(command, host, async (invocation, [view, parts]) => {
    const { load, options, terminal } = invocation;
    const app = await millrace(await load(), projectOptions(options));
    try {
      const key = parseKey(app.view(view), parts);
      printRead(terminal, { view, key, read: await app.read(view, key) });
      return exitCodes.ok;
    } finally {
      await app.close();
    }
  });
}

interface KeyRead {
  readonly view: string;
  readonly key: Readonly<Record<string, Value>>;
  readonly read: FeatureRead;
}

function printRead(terminal: Terminal, { view, key, read }: KeyRead): void {
  const { values, status, ageMs } = read;
  const eventTime = read.eventTime === null ? null : formatInstant(read.eventTime);
  const features = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { value, status: status[name] }]),
  );
  terminal.printJson({ view, key, event_time: eventTime, age_ms: ageMs, features });
  const shownKey = Object.entries(key).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : toJsonText(value)}`,
  );
  const when = eventTime === null ? 'never seen' : `last event ${eventTime}`;
  const age = ageMs === null ? '' : `, ${formatLag(ageMs)} old`;
  terminal.print(`${view}  ${shownKey.join(' ')}  ${when}${age}\n`);
  const rows = Object.keys(values).map((name) => [
    name,
    toJsonText(values[name]),
    status[name] ?? '',
  ]);
  terminal.print(formatTable(['feature', 'value', 'status'], rows));
}
