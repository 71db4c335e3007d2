import { describe, expect, it } from 'vitest';
import type { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { seededRandom } from '../../kernel/random.ts';
import { CheckpointMachine, loadedStore } from '../../testing/checkpoint-machine.ts';
import { randomFaults } from '../../testing/faults/faulty-checkpoint-storage.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { readLease } from './lease-holder.ts';
import { readLatestCheckpoint } from './read-checkpoints.ts';

describe('a storage on which everything goes wrong', () => {
  it.each(Array.from({ length: 40 }, (_, i) => i + 1))(
    'loses no checkpoint that was told as complete (seed %i)',
    async (seed) => {
      const machine = new CheckpointMachine();
      const random = seededRandom(seed);
      const faults = randomFaults(random, { fail: 0.1, lost: 0.1, torn: 0.05 });
      const faultsOf: typeof faults = (operation, name) => {
        const fault = faults(operation, name);
        // The lock is a few bytes: a storage that tears those cannot keep processes apart.
        return fault?.kind === 'torn' && name.endsWith('lock.json') ? null : fault;
      };
      let store: CheckpointStore | null = null;
      let self = machine.process();
      let isLoaded = false;
      let completed = 0;
      let attempted = 0;
      for (let step = 0; step < 60; step++) {
        machine.fault = faultsOf;
        try {
          store ??= await machine.open({ storage: machine.faulty, self });
          if (!isLoaded) await store.loadLatest();
          isLoaded = true;
          const id = store.nextId();
          attempted = id;
          completed = (await machine.commit(store, [`${store.filePrefix}h${id}`], id)).id;
        } catch (error) {
          expect((error as MillraceError).code).toMatch(/^MR_CHECKPOINT_(STORAGE|CORRUPT)$/);
        }
        if (random.next() < 0.2) {
          machine.killAll();
          store = null;
          isLoaded = false;
          self = machine.process();
          machine.fault = () => null;
          const found = await readLatestCheckpoint(machine.storage, 'shop');
          expect(found?.manifest.id ?? 0).toBeGreaterThanOrEqual(completed);
          expect(found?.manifest.id ?? 0).toBeLessThanOrEqual(attempted);
        }
      }
      expect(completed).toBeGreaterThan(0);
      machine.fault = () => null;
      machine.killAll();
      const last = await loadedStore(machine);
      await machine.commit(last, ['x1']);
      await machine.commit(last, ['x2']);
      expect(await machine.names('shop/segments/')).toEqual(['segments/x1', 'segments/x2']);
      expect((await readLease(machine.storage, 'shop'))?.record.generation).toBe(last.generation);
    },
  );
});
