// A process that is killed again and again leaves what one that nobody disturbs leaves: every row of
// the feature log but its arrival, the online store, the dead letters. Parallelism and backend change
// from life to life. MILLRACE_SEED repeats the moments, MILLRACE_KILLS makes more of them: 20 in
// `npm test`, 52 with the services.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withServices } from '../integration/service.ts';
import { compareLogs, compareStores, deadLetters } from './compare-outputs.ts';
import { rowsPerFile, writeInput } from './kill-project.ts';
import { type ChainResult, endLives, runChain, runUndisturbed } from './lives.ts';

const seed = Number(process.env['MILLRACE_SEED']);
const killsWanted = Number(process.env['MILLRACE_KILLS'] ?? (withServices ? 52 : 20));
/** Chains of lives that run side by side. */
const chainCount = 4;
const ratePerSecond = 2500;

let folder: string;
const results: ChainResult[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-kill-'));
  writeInput(join(folder, 'data'), seed);
  const summary = await runUndisturbed(join(folder, 'undisturbed'));
  expect(summary.records_in).toBe(3 * rowsPerFile);
});

afterAll(async () => {
  await endLives();
  const lives = results.flatMap((result) => result.lives);
  const early = results.reduce((sum, { killedEarly }) => sum + killedEarly, 0);
  const kills = results.reduce((sum, result) => sum + result.kills, 0);
  const kinds = Object.entries(Object.groupBy(lives, (life) => life))
    .map(([kind, list]) => `${list?.length} × ${kind}`)
    .sort();
  process.stdout.write(
    `MILLRACE_SEED=${seed}: ${kills} kills, ${early} of them at the start\n${kinds.join(', ')}\n`,
  );
  rmSync(folder, { recursive: true, force: true });
});

describe('a process that is killed', { retry: 0 }, () => {
  it('leaves what an undisturbed one leaves', { timeout: 900_000 }, async () => {
    const kills = Math.ceil(killsWanted / chainCount);
    const chains = Array.from({ length: chainCount }, (_, i) => ({
      folder: join(folder, `chain${i}`),
      seed: seed + i,
      kills,
      ratePerSecond,
      lifeMsMax: 900,
    }));
    results.push(...(await Promise.all(chains.map(runChain))));

    const undisturbed = join(folder, 'undisturbed');
    const refused = deadLetters(undisturbed).map((text) => Buffer.from(text, 'base64').toString());
    expect(refused.filter((line) => line.includes('"amount":999.')).length).toBeGreaterThan(5);
    for (const chain of chains) {
      for (const log of await compareLogs(chain.folder, undisturbed)) {
        const { view, rows } = log;
        const none = { extra: 0, missing: 0, examples: [], lastRowsDiffering: 0 };
        expect(rows, view).toBeGreaterThan(rowsPerFile);
        expect(log).toEqual({ view, rows, ...none });
      }
      expect(await compareStores(chain.folder, undisturbed)).toBe(0);
      expect(deadLetters(chain.folder)).toEqual(deadLetters(undisturbed));
    }
    expect(results.reduce((sum, result) => sum + result.kills, 0)).toBeGreaterThanOrEqual(
      killsWanted,
    );
  });
});
