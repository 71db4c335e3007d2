// `millrace store verify`: what really lies in the online store, decoded and explained. Exit code 1 when
// something is wrong with it.
import type { Command } from 'commander';
import { resolveProject } from '../../../app/config/resolve-project.ts';
import { toJsonText } from '../../../app/json-text.ts';
import { type StoreVerification, verifyStore } from '../../../app/store/verify-store.ts';
import { type CliHost, newCommand, onAction, parseWhole, projectOptions } from '../../command.ts';
import { exitCodes } from '../../exit-code.ts';
import type { Terminal } from '../../terminal.ts';

interface VerifyFlags {
  readonly sample?: number;
  readonly view?: string;
}

export function storeCommand(host: CliHost): Command {
  return newCommand('store', 'what really lies in the online store', [
    'millrace store verify --env production',
  ]).addCommand(verifyCommand(host));
}

function verifyCommand(host: CliHost): Command {
  const command = newCommand('verify', 'sample keys of each view, decode and explain them', [
    'millrace store verify --env production',
    'millrace store verify --view user_spend --sample 20 --json',
  ])
    .option(
      '--sample <n>',
      'so many keys of each view (default 5)',
      parseWhole('--sample', 1, 100_000),
    )
    .option('--view <name>', 'only this view');
  return onAction<[], VerifyFlags>(command, host, async (invocation, _args, flags) => {
    const { terminal, options } = invocation;
    const project = await resolveProject(await invocation.load(), {
      ...projectOptions(options),
      env: options.env,
    });
    const verification = await verifyStore(project, {
      ...(flags.sample === undefined ? {} : { keysPerView: flags.sample }),
      ...(flags.view === undefined ? {} : { view: flags.view }),
    });
    print(terminal, verification);
    terminal.printJson(verification);
    return verification.problems.length > 0 ? exitCodes.userError : exitCodes.ok;
  });
}

function print(terminal: Terminal, { store, facts, keys, problems }: StoreVerification): void {
  terminal.print(store);
  for (const [name, value] of Object.entries(facts)) terminal.print(`  ${name}: ${value}`);
  for (const key of keys) {
    terminal.print('');
    terminal.print(key.key);
    terminal.print(`  ${key.explanation}; ${key.bytes} bytes${expiryText(key.expires_in_ms)}`);
    terminal.print(`  entity     ${toJsonText(key.entity)}`);
    terminal.print(`  values     ${toJsonText(key.values)}`);
    terminal.print(`  version    as_of ${key.as_of}, seq ${key.seq}; event time ${key.event_time}`);
    if (key.problem !== null) terminal.print(`  wrong: ${key.problem}`);
  }
  terminal.print('');
  for (const problem of problems) terminal.print(`problem: ${problem}`);
  const found = problems.length === 0 ? 'nothing is wrong' : `${problems.length} problems`;
  terminal.print(`${keys.length} keys looked at: ${found}`);
}

function expiryText(ms: number | null): string {
  return ms === null ? '' : `, expires in ${Math.round(ms / 1000)} s`;
}
