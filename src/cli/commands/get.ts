// `millrace get`: one read of the online store, as a table or as JSON. A missing entity is an answer,
// not an error.
import type { Command } from 'commander';
import { parseKey } from '../../app/parse-key.ts';
import { parseRequest } from '../../app/parse-request-data.ts';
import { onDemandKey } from '../../plan/on-demand-inputs.ts';
import { type App, millrace } from '../../app/millrace.ts';
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
    'millrace get risk user_id=u1 --request amount=5',
  ])
    .argument('<view>', 'name of the view')
    .argument('[key=value...]', 'the join keys of its entity')
    .option('--request <name=value...>', 'what the request of an on-demand view brings');
  return onAction<[string, string[]], GetOptions>(
    command,
    host,
    async (invocation, args, flags) => {
      const [view, parts] = args;
      const { load, options, terminal } = invocation;
      const app = await millrace(await load(), projectOptions(options));
      try {
        printRead(terminal, await readKey(app, view, parts, flags.request ?? []));
        return exitCodes.ok;
      } finally {
        await app.close();
      }
    },
  );
}

interface GetOptions {
  readonly request?: readonly string[];
}

interface KeyRead {
  readonly view: string;
  readonly key: Readonly<Record<string, Value>>;
  readonly read: FeatureRead;
}

async function readKey(
  app: App,
  view: string,
  parts: readonly string[],
  requestParts: readonly string[],
): Promise<KeyRead> {
  const onDemand = app.plan.onDemand?.find(({ name }) => name === view);
  if (onDemand === undefined) {
    const key = parseKey(app.view(view), parts);
    return { view, key, read: await app.read(view, key) };
  }
  const key = parseKey({ name: view, key: onDemandKey(app.plan, onDemand) }, parts);
  const request = parseRequest(onDemand, requestParts);
  return { view, key, read: await app.read(view, key, request) };
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
