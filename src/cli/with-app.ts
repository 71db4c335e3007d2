// Opens the App that a command line names, for the time of one action.
import { type App, millrace } from '../app/millrace.ts';
import { type Invocation, projectOptions } from './command.ts';
import type { ExitCode } from './exit-code.ts';

export async function withApp(
  { load, options }: Invocation,
  body: (app: App) => Promise<ExitCode>,
): Promise<ExitCode> {
  const app = await millrace(await load(), projectOptions(options));
  try {
    return await body(app);
  } finally {
    await app.close();
  }
}
