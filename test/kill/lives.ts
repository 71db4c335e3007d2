// Lives of one job, one after the other: each is killed at a moment of the seed's choosing, until
// one reaches the end. Parallelism and backend change from life to life.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/kernel/clock.ts';
import { type Random, seededRandom } from '../../src/kernel/random.ts';
import type { KillSettings } from './kill-project.ts';

export interface ChainOptions {
  readonly folder: string;
  readonly seed: number;
  /** So many lives are killed; those after them run to the end. */
  readonly kills: number;
  readonly ratePerSecond: number;
  /** Longest time from the first sign of a life to its death. */
  readonly lifeMsMax: number;
  /** What lives choose from. Default: 1, 2 and 4. */
  readonly parallelisms?: readonly number[];
  /** A fault in all lives. */
  readonly plant?: string;
}

export interface ChainResult {
  readonly kills: number;
  /** Lives that died before they said that they had begun. */
  readonly killedEarly: number;
  readonly lives: readonly string[];
  readonly summary: { readonly records_in: number; readonly checkpoints: number };
}

const running = new Set<ChildProcess>();

/** Ends whatever still runs: for a test that gave up. */
export async function endLives(): Promise<void> {
  const ended = [...running].map((child) => once(child, 'close'));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(ended);
}

const preload = new URL('./plant.ts', import.meta.url).href;
const entry = fileURLToPath(new URL('./life.ts', import.meta.url));

/** Lives until the input has ended. */
export async function runChain(options: ChainOptions): Promise<ChainResult> {
  const random = seededRandom(options.seed);
  mkdirSync(options.folder, { recursive: true });
  const lives: string[] = [];
  let killedEarly = 0;
  for (let kills = 0; ; ) {
    const settings = settingsOf(options, random);
    const isDoomed = kills < options.kills;
    const life = await live(settings, isDoomed ? deathOf(options, random) : null, options.plant);
    lives.push(
      `${settings.parallelism} ${settings.backend} ${life.wasKilled ? 'killed' : 'ended'}`,
    );
    if (life.wasKilled) {
      kills += 1;
      killedEarly += life.hasBegun ? 0 : 1;
      continue;
    }
    if (life.code !== 0) throw new Error(`life ${lives.length} ended ${life.code}: ${life.stderr}`);
    const summary = JSON.parse(
      life.stdout.trim().split('\n').at(-1) ?? '',
    ) as ChainResult['summary'];
    return { kills, killedEarly, lives, summary };
  }
}

/** One life that nobody disturbs, as fast as it goes. */
export async function runUndisturbed(folder: string): Promise<ChainResult['summary']> {
  mkdirSync(folder, { recursive: true });
  const settings: KillSettings = { folder, parallelism: 1, backend: 'memory', ratePerSecond: null };
  const life = await live(settings, null);
  if (life.code !== 0) throw new Error(`the undisturbed life ended ${life.code}: ${life.stderr}`);
  return JSON.parse(life.stdout.trim().split('\n').at(-1) ?? '') as ChainResult['summary'];
}

function settingsOf(options: ChainOptions, random: Random): KillSettings {
  const { folder, ratePerSecond, parallelisms = [1, 2, 4] } = options;
  const parallelism = parallelisms[Math.floor(random.next() * parallelisms.length)] ?? 1;
  const backend = random.next() < 0.5 ? 'memory' : 'disk';
  return { folder, parallelism, backend, ratePerSecond };
}

/** When a life dies: mostly some time after it has begun, sometimes while it begins. */
function deathOf({ lifeMsMax }: ChainOptions, random: Random): Death {
  const isEarly = random.next() < 0.15;
  return { afterBegin: !isEarly, ms: random.next() * (isEarly ? 600 : lifeMsMax) };
}

interface Death {
  readonly afterBegin: boolean;
  readonly ms: number;
}

interface Life {
  readonly wasKilled: boolean;
  readonly hasBegun: boolean;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function live(settings: KillSettings, death: Death | null, plant?: string): Promise<Life> {
  const child = spawn(
    process.execPath,
    [
      '--conditions=millrace-src',
      ...(plant === undefined ? [] : [`--import=${preload}`]),
      ...[entry, JSON.stringify(settings)],
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Half of a short life would be the compiling of what the life before it compiled.
      env: {
        ...process.env,
        ...(plant === undefined ? {} : { MILLRACE_PLANT: plant }),
        NODE_COMPILE_CACHE: join(dirname(settings.folder), 'compiled'),
      },
    },
  );
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stdout === '' && death?.afterBegin === true) killLater(child, death.ms);
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  if (death?.afterBegin === false) killLater(child, death.ms);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  running.delete(child);
  return { wasKilled: signal === 'SIGKILL', hasBegun: stdout !== '', code, stdout, stderr };
}

function killLater(child: ChildProcess, ms: number): void {
  void systemClock.sleep(ms).then(() => child.kill('SIGKILL'));
}
