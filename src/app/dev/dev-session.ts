// What `millrace dev` keeps going: a run and a server of one loaded project. When the run has ended
// the server goes on; a failed run is reported, and the server still answers from what there is. Rows
// of changed definitions are computed anew; the feature log, which training reads, is left alone.
import type { LoadedConfig } from '../config/load-config.ts';
import { type RunSummary, millrace } from '../millrace.ts';
import type { RunProgress } from '../run-report.ts';

export interface DevOptions {
  readonly env: string;
  readonly port: number;
  readonly host: string;
  readonly onProgress: (progress: RunProgress) => void;
  readonly onEnd: (summary: RunSummary) => void;
  readonly onFailure: (error: unknown) => void;
}

export interface DevSession {
  readonly url: string;
  stop(): Promise<void>;
  isStopped(): boolean;
}

export async function startDevSession(
  config: LoadedConfig,
  options: DevOptions,
): Promise<DevSession> {
  const { env, port, host, onProgress } = options;
  const app = await millrace(config, { env });
  const stopping = new AbortController();
  try {
    const started = Promise.withResolvers<void>();
    const ended = app
      .run({
        signal: stopping.signal,
        existing: 'dropChanged',
        log: false,
        checkpoints: false,
        onProgress: (progress) => {
          started.resolve();
          onProgress(progress);
        },
      })
      .then(options.onEnd, (error: unknown) => {
        started.reject(error);
        if (!stopping.signal.aborted) options.onFailure(error);
      })
      .finally(() => started.resolve());
    await started.promise;
    const server = await app.serve({ port, host });
    return {
      url: server.url,
      isStopped: () => stopping.signal.aborted,
      async stop() {
        stopping.abort();
        await ended;
        await app.close();
      },
    };
  } catch (error) {
    stopping.abort();
    await app.close();
    throw error;
  }
}
