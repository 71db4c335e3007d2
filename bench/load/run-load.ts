// Runs one view over a made load, as a user's program would: a configuration, `app.run`.
import { millrace, type RunSummary } from '../../src/app/millrace.ts';
import type { EnvironmentOptions } from '../../src/define/config.ts';
import type { FeatureView } from '../../src/define/feature-view.ts';
import type { RunProgress } from '../../src/app/run-report.ts';
import type { Arguments } from './measure.ts';
import type { ObservedStore } from './observed-store.ts';
import type { Source } from '../../src/ports/source.ts';

/** What of the engine is measured: the settings of an environment. */
export interface EngineSettings {
  readonly backend: 'memory' | 'disk';
  /** Of the disk backend, such as `'2GB'`. */
  readonly memory?: string;
  readonly parallelism: number;
  /** Null: no checkpoints. */
  readonly checkpointSeconds: number | null;
}

export interface RunLoad {
  readonly view: FeatureView;
  readonly source: Source;
  readonly store: ObservedStore;
  readonly settings: EngineSettings;
  /** State, checkpoints and the store lie here. */
  readonly directory: string;
  readonly onProgress?: (progress: RunProgress) => void;
  readonly signal?: AbortSignal;
}

/** `--backend memory|disk --memory 1GB --parallelism N --checkpoints SECONDS`. */
export function readSettings(args: Arguments): EngineSettings {
  const checkpointSeconds = args.number('checkpoints', 0);
  return {
    backend: args.text('backend', 'memory') === 'disk' ? 'disk' : 'memory',
    memory: args.text('memory', '1GB'),
    parallelism: args.number('parallelism', 1),
    checkpointSeconds: checkpointSeconds === 0 ? null : checkpointSeconds,
  };
}

/** Settings that are the defaults are left out. */
function environmentOf({ source, store, settings }: RunLoad): EnvironmentOptions {
  const { backend, memory, parallelism, checkpointSeconds } = settings;
  return {
    streams: { events: source },
    online: store.binding,
    clock: 'event',
    ...(checkpointSeconds === null || checkpointSeconds === 0
      ? {}
      : { checkpoints: { directory: './checkpoints', interval: `${checkpointSeconds}s` } }),
    ...(backend === 'memory' ? {} : { state: { backend, directory: './state', memory } }),
    ...(parallelism === 1 ? {} : { parallelism }),
  } as EnvironmentOptions;
}

export async function runLoad(load: RunLoad): Promise<RunSummary> {
  const { view, directory, onProgress, signal } = load;
  const environments = { local: environmentOf(load) };
  const config = { project: 'bench', definitions: [{ view }], environments };
  const app = await millrace(config, { baseDirectory: directory });
  try {
    return await app.run({
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(signal === undefined ? {} : { signal }),
    });
  } finally {
    await app.close();
  }
}
