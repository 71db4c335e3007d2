// A kill test that cannot fail proves nothing: with each of these faults in the running code the killed
// process leaves something else than an undisturbed one, or cannot go on. Takes a minute each, so it
// runs when MILLRACE_PLANTED=1. A skipped barrier is a matter of microseconds here: that one is for the
// simulation to find.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlantName } from '../sim/plants.ts';
import { compareLogs } from './compare-outputs.ts';
import { writeInput } from './kill-project.ts';
import { endLives, runChain, runUndisturbed } from './lives.ts';

const planted: readonly PlantName[] = ['offsetsBeforeState', 'lostTombstones'];

let folder: string;

describe.skipIf(process.env['MILLRACE_PLANTED'] !== '1')('a planted fault', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-planted-'));
    writeInput(join(folder, 'data'), 7);
    await runUndisturbed(join(folder, 'undisturbed'));
  });
  afterAll(async () => {
    await endLives();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(planted)('%s is found', { timeout: 300_000 }, async (plant) => {
    const chain = {
      folder: join(folder, plant),
      seed: 3,
      kills: 15,
      ratePerSecond: 2500,
      lifeMsMax: 900,
      parallelisms: [1, 2],
      plant,
    };
    const found = await runChain(chain).then(
      async () => compareLogs(chain.folder, join(folder, 'undisturbed')),
      (error: unknown) => String(error),
    );
    const differing = typeof found === 'string' ? [found] : found.filter(isDifferent);
    process.stdout.write(`${plant}: ${JSON.stringify(differing).slice(0, 600)}\n`);
    expect(differing).not.toEqual([]);
  });
});

function isDifferent(log: { readonly extra: number; readonly missing: number }): boolean {
  return log.extra + log.missing > 0;
}
