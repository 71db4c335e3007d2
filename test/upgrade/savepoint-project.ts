// The project whose savepoints are kept: events from one file, state in checkpoints.
import { join } from 'node:path';
import { defineConfig } from 'millrace';
import { embedded } from 'millrace/embedded';
import { featureLog, file } from 'millrace/file';
import { millrace } from '../../src/app/millrace.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import * as definitions from './definitions.ts';

export interface ProjectOptions {
  readonly parallelism?: number;
  readonly backend?: 'memory' | 'disk';
  /** Others than those that the savepoint was made with. */
  readonly definitions?: Readonly<Record<string, unknown>>;
}

/** Everything lies in `folder`: `events.jsonl`, `checkpoints`, and what a run makes. */
export function openProject(folder: string, options: ProjectOptions = {}) {
  const { parallelism = 1, backend = 'memory' } = options;
  const config = defineConfig({
    project: 'kept',
    definitions: [options.definitions ?? definitions],
    environments: {
      local: {
        streams: { purchases: file('events.jsonl') },
        online: embedded('online'),
        offline: featureLog('offline'),
        checkpoints: { directory: 'checkpoints', interval: '1h', retainOnStop: true },
        state: { backend, directory: 'state' },
        parallelism,
      },
    },
  });
  return millrace(config, { env: 'local', baseDirectory: folder });
}

/** Lines of the events file: the same ones every time. */
export function eventLines(count: number): readonly string[] {
  const random = seededRandom(2026);
  const categories = ['books', 'food', 'games', 'music', 'travel', null];
  const pick = (n: number): number => Math.floor(random.next() * n);
  let ts = Date.UTC(2026, 0, 5);
  return Array.from({ length: count }, () => {
    ts += pick(9000);
    return JSON.stringify({
      user_id: `user ${pick(12)}`,
      amount: pick(10_000) / 100,
      items: 1 + pick(5),
      cents: pick(4) === 0 ? null : pick(1_000_000),
      category: categories[pick(categories.length)],
      ts: ts - pick(19_000),
    });
  });
}

export const eventsBefore = 700;
export const eventsInAll = 1500;

/** The path of a savepoint below a kept folder. */
export function savepointFolder(folder: string): string {
  return join(folder, 'checkpoints', 'kept-local', 'savepoints');
}
