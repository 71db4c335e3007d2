// A text in the user's editor: $VISUAL or $EDITOR, in a file that is gone afterwards.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MillraceError } from '../kernel/errors/millrace-error.ts';

/** The text as the user leaves it; throws MR_USAGE when there is no editor or it fails. */
export async function editText(text: string): Promise<string> {
  const { VISUAL, EDITOR } = process.env;
  const editor = [VISUAL, EDITOR].find((name) => name !== undefined && name.trim() !== '');
  if (editor === undefined) {
    throw new MillraceError('MR_USAGE', 'there is no editor', {
      fix: 'set EDITOR, or use --set or --script',
    });
  }
  const folder = await mkdtemp(join(tmpdir(), 'millrace-edit-'));
  const path = join(folder, 'record.json');
  try {
    await writeFile(path, `${text}\n`);
    // The editor may have arguments of its own, as in `code --wait`: a shell reads them.
    const child = spawn('sh', ['-c', `${editor} "$1"`, 'sh', path], { stdio: 'inherit' });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) {
      throw new MillraceError('MR_USAGE', `the editor "${editor}" ended with code ${code}`, {
        fix: 'nothing was changed; try again',
      });
    }
    return (await readFile(path, 'utf8')).trim();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
