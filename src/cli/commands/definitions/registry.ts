// `millrace registry write|diff`: what there is, as files for git, and what changed since another registry.
import type { Command } from 'commander';
import type { RegistryChange, RegistryEffect } from '../../../app/registry/diff-registry.ts';
import type { RegistryWritten } from '../../../app/registry/registry-tools.ts';
import { type CliHost, newCommand, onAction } from '../../command.ts';
import { exitCodes } from '../../exit-code.ts';
import type { Terminal } from '../../terminal.ts';
import { withApp } from '../../with-app.ts';

interface WriteFlags {
  readonly out?: string;
  readonly check?: boolean;
}

interface DiffFlags {
  readonly check?: boolean;
}

export function registryCommand(host: CliHost): Command {
  return newCommand('registry', 'what there is: as files for git, and compared', [
    'millrace registry write',
    'millrace registry diff registry',
  ])
    .addCommand(writeCommand(host))
    .addCommand(diffCommand(host));
}

function writeCommand(host: CliHost): Command {
  const command = newCommand('write', 'write the registry as files; versions go up where needed', [
    'millrace registry write',
    'millrace registry write --check',
  ])
    .option('--out <dir>', 'the folder (default registry, beside the configuration)')
    .option('--check', 'write nothing; exit code 1 when files are not what definitions say');
  return onAction<[], WriteFlags>(command, host, (invocation, _args, { out, check = false }) =>
    withApp(invocation, async (app) => {
      const written = check ? await app.registry.pending(out) : await app.registry.write(out);
      const isDue = written.written.length + written.removed.length > 0;
      printWritten(invocation.terminal, written, check);
      invocation.terminal.printJson({ ...written, checked: check });
      return check && isDue ? exitCodes.userError : exitCodes.ok;
    }),
  );
}

function printWritten(
  terminal: Terminal,
  { folder, written, removed }: RegistryWritten,
  isCheck: boolean,
): void {
  for (const path of written) terminal.print(`${isCheck ? 'differs' : 'wrote'} ${path}`);
  for (const path of removed)
    terminal.print(`${isCheck ? 'is no longer needed:' : 'removed'} ${path}`);
  const isDue = written.length + removed.length > 0;
  if (!isDue) terminal.print(`${folder} is what the definitions say`);
  else if (isCheck) terminal.print('millrace registry write does it');
}

const marks: Readonly<Record<RegistryEffect, string>> = {
  breaking: '✗ breaking',
  values: '~ values  ',
  words: '· words   ',
  added: '+ added   ',
};

function diffCommand(host: CliHost): Command {
  const command = newCommand('diff', 'what changed from one registry to another, and for whom', [
    'millrace registry diff registry',
    'millrace registry diff http://features:6566/registry.json --check',
    'millrace registry diff old/registry.json new/registry.json',
  ])
    .argument('<before>', 'a registry.json, its folder, or its address')
    .argument('[after]', 'the same; default: the definitions as they are now')
    .option('--check', 'exit code 1 when a change breaks readers');
  return onAction<[string, string | undefined], DiffFlags>(
    command,
    host,
    (invocation, [before, after], { check = false }) =>
      withApp(invocation, async (app) => {
        const changes = await app.registry.diff(before, after);
        const isBreaking = changes.some(({ effect }) => effect === 'breaking');
        printChanges(invocation.terminal, changes);
        invocation.terminal.printJson({
          equal: changes.length === 0,
          breaking: isBreaking,
          changes,
        });
        return check && isBreaking ? exitCodes.userError : exitCodes.ok;
      }),
  );
}

function printChanges(terminal: Terminal, changes: readonly RegistryChange[]): void {
  if (changes.length === 0) terminal.print('nothing has changed');
  for (const { what, effect, detail } of changes) {
    terminal.print(`${marks[effect]} ${what}: ${detail}`);
  }
}
