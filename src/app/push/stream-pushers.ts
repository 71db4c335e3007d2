// Whoever pushes to streams of a project in this process: one writer per stream, opened when the first
// row comes, closed with the app.
import { systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import type { PushedRecord, PushWriter } from '../../ports/push.ts';
import { encodeRows } from '../../serve/push/encode-rows.ts';
import { pushKey } from '../../serve/push/push-route.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';

/** A row by the names of its fields. */
export type PushedRow = Readonly<Record<string, unknown>>;

export class StreamPushers {
  readonly #project: ResolvedProject;
  readonly #writers = new Map<string, Promise<PushWriter>>();

  constructor(project: ResolvedProject) {
    this.#project = project;
  }

  /** Resolves when the rows cannot be lost. All of them are taken, or none. */
  async push(stream: string, rows: readonly PushedRow[]): Promise<void> {
    const { plan } = this.#project;
    const node = plan.streams.find(({ name }) => name === stream);
    if (node === undefined) {
      const names = plan.streams.map(({ name }) => name);
      throw new MillraceError('MR_PUSH_SOURCE', `there is no stream "${stream}"`, {
        fix: suggestName(stream, names),
      });
    }
    const fields = new Set(rows.flatMap((row) => Object.keys(row)));
    const columns = [...fields].map((name) => [name, rows.map((row) => row[name])] as const);
    const df = { columns: new Map(columns), rowCount: rows.length };
    if (rows.length > 0) await this.append(stream, encodeRows(node, df, pushKey(plan, node)));
  }

  /** The same for records that are encoded already. */
  async append(stream: string, records: readonly PushedRecord[]): Promise<void> {
    const writer = this.#writers.get(stream) ?? this.#open(stream);
    this.#writers.set(stream, writer);
    try {
      await (await writer).append(records);
    } catch (error) {
      // A writer that could not be opened is tried again.
      await writer.catch(() => this.#writers.delete(stream));
      throw error;
    }
  }

  async #open(stream: string): Promise<PushWriter> {
    const { environment, env, baseDirectory } = this.#project;
    const source = environment.streams?.[stream];
    if (source?.openPush === undefined) {
      const bound = source === undefined ? 'not bound' : `bound to ${source.description}`;
      const message = `nothing can be pushed to stream "${stream}": it is ${bound}`;
      throw new MillraceError('MR_PUSH_SOURCE', message, {
        context: { path: `environments.${env}.streams.${stream}` },
        fix: `bind it to push(), or to a Kafka topic of JSON`,
      });
    }
    return source.openPush({ stream, baseDirectory, clock: systemClock });
  }

  async close(): Promise<void> {
    const writers = await Promise.allSettled(this.#writers.values());
    this.#writers.clear();
    for (const writer of writers) {
      if (writer.status === 'fulfilled') await writer.value.close();
    }
  }
}
