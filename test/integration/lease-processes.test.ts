import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { localCheckpointStorage } from '../../src/adapters/file/checkpoint/local-checkpoint-storage.ts';
import {
  type CheckpointStore,
  openCheckpointStore,
} from '../../src/engine/checkpoint/checkpoint-store.ts';
import { systemClock } from '../../src/kernel/clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-lease-'));
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const moduleOf = (path: string): string =>
  JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);

/** A process that runs the job until it is killed; says its generation, or why it may not. */
async function startOwner(): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  const program = `
    const { openCheckpointStore } = await import(${moduleOf('engine/checkpoint/checkpoint-store.ts')});
    const { localCheckpointStorage } = await import(${moduleOf('adapters/file/checkpoint/local-checkpoint-storage.ts')});
    const { systemClock } = await import(${moduleOf('kernel/clock.ts')});
    const storage = localCheckpointStorage(${JSON.stringify(folder)});
    try {
      const store = await openCheckpointStore({ storage, job: 'shop', clock: systemClock });
      console.log('generation', store.generation);
    } catch (error) {
      console.log(error.code);
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, said: chunk.toString().trim() };
}

function open(): Promise<CheckpointStore> {
  const storage = localCheckpointStorage(folder);
  return openCheckpointStore({ storage, job: 'shop', clock: systemClock });
}

describe('one folder of checkpoints', () => {
  it('is for one process at a time, and free when that one was killed', async () => {
    const { child, said } = await startOwner();
    expect(said).toBe('generation 1');
    await expect(open()).rejects.toMatchObject({
      code: 'MR_CHECKPOINT_IN_USE',
      message: expect.stringContaining(`job "shop" is run by process ${child.pid} on `),
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const store = await open();
    expect(store.generation).toBe(2);
    await store.close();
  });

  it('goes to one of several processes that start together', async () => {
    const said = (await Promise.all([1, 2, 3].map(startOwner))).map((owner) => owner.said);
    expect(said.toSorted()).toEqual([
      'MR_CHECKPOINT_IN_USE',
      'MR_CHECKPOINT_IN_USE',
      'generation 1',
    ]);
  });
});
