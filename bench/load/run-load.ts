// Runs one view over a made load, as a user's program would: a configuration, `app.run`.
import { millrace, type RunSummary } from '../../src/app/millrace.ts';
import type { EnvironmentOptions } from '../../src/define/config.ts';
import type { FeatureView } from '../../src/define/feature-view.ts';
import type { RunProgress } from '../../src/app/run-report.ts';
import type { ByteSize } from '../../src/kernel/byte-size.ts';
import type { Arguments } from './measure.ts';
import type { ObservedStore } from './observed-store.ts';
import type { Source } from '../../src/ports/source.ts';

/** What of the engine is measured: the settings of an environment. */
export interface EngineSettings {
  readonly backend: 'memory' | 'disk';
  /** Of the disk backend, such as `'2GB'`. */
  readonly memory?: ByteSize;
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

interface SettingDefaults {
  readonly backend?: 'memory' | 'disk';
  readonly memory?: ByteSize;
  readonly checkpoints?: number;
}

/** `--backend memory|disk --memory 1GB --parallelism N --checkpoints SECONDS`. */
export function readSettings(args: Arguments, defaults: SettingDefaults = {}): EngineSettings {
  const { backend = 'memory', memory = '1GB', checkpoints = 0 } = defaults;
  const seconds = args.number('checkpoints', checkpoints);
  return {
    backend: args.text('backend', backend) === 'disk' ? 'disk' : 'memory',
    memory: args.text('memory', memory) as ByteSize,
    parallelism: args.number('parallelism', 1),
    checkpointSeconds: seconds === 0 ? null : seconds,
  };
}

function environmentOf({ source, store, settings }: RunLoad): EnvironmentOptions {
  const { backend, memory, parallelism, checkpointSeconds } = settings;
  return {
    streams: { events: source },
    online: store.binding,
    clock: 'event',
    parallelism,
    state: {
      backend,
      directory: './state',
      ...(backend === 'disk' && memory !== undefined ? { memory } : {}),
    },
    ...(checkpointSeconds === null
      ? {}
      : { checkpoints: { directory: './checkpoints', interval: `${checkpointSeconds}s` } }),
  };
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
