// The simulation is red when it should be: each fault of a checkpoint protocol, put into the running
// code, is found within some dozen seeds that are green without it.
import { describe, expect, it } from 'vitest';
import { type PlantName, plants } from './plants.ts';
import { runCase } from './run-case.ts';
import { formatFailure } from './sim-report.ts';

const seedsMax = 60;
const firstSeed = 7001;

/** The first seed that finds something. */
async function firstRed(plant: PlantName): Promise<string | null> {
  const weed = plants[plant]();
  try {
    for (let seed = firstSeed; seed < firstSeed + seedsMax; seed++) {
      const result = await runCase(seed);
      if (result.problems.length > 0) return formatFailure(result);
    }
    return null;
  } finally {
    weed();
  }
}

describe('a fault in the protocol', { timeout: 60_000 }, () => {
  it.each(Object.keys(plants) as PlantName[])('%s is found', async (plant) => {
    const found = await firstRed(plant);
    expect(found).not.toBeNull();
    const seed = Number(/^seed (\d+)/.exec(found ?? '')?.[1]);
    expect((await runCase(seed)).problems).toEqual([]);
  });
});
