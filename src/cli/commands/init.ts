// `millrace init`: a small working project with data.
import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { initProject } from '../../app/project-template/init-project.ts';
import { type CliHost, newCommand, onAction } from '../command.ts';
import { exitCodes } from '../exit-code.ts';

export function initCommand(host: CliHost): Command {
  const command = newCommand('init', 'start a small working project, with data', [
    'millrace init my-features',
  ]).argument('[dir]', 'an empty or new folder', '.');
  return onAction<[string], object>(command, host, async ({ terminal }, [directory]) => {
    const { files } = await initProject(resolve(directory));
    const shown = relative(process.cwd(), resolve(directory)) || '.';
    for (const file of files) terminal.print(`  ${file}`);
    terminal.print(`\nA project in ${shown}. What to type next:\n`);
    if (shown !== '.') terminal.print(`  cd ${shown}`);
    for (const step of nextSteps) terminal.print(`  ${step}`);
    terminal.printJson({ directory: resolve(directory), files });
    return exitCodes.ok;
  });
}

const nextSteps = [
  'npx millrace check                          # is the definition right?',
  'npx millrace run --until-end                # compute the features of data/purchases.jsonl',
  'npx millrace get user_spend user_id=u1      # read them',
  'npx millrace train --view user_spend --entities data/labels.csv --out train.parquet',
  'npx millrace serve                          # serve them on port 6566',
];
