// Runs command lines that a test sends, in this one process, and sends back what they wrote.
import { runCommandLine } from '../../src/cli/main.ts';

interface Request {
  readonly cwd: string;
  readonly args: readonly string[];
}

process.on('message', ({ cwd, args }: Request) => {
  process.chdir(cwd);
  let stdout = '';
  let stderr = '';
  const out = { write: (text: string) => (stdout += text) };
  const err = { write: (text: string) => (stderr += text) };
  void runCommandLine(args, { out, err }, () => new AbortController().signal).then((code) => {
    process.send?.({ code, stdout, stderr });
  });
});
