// Job, feature server and Redis killed in turn under load: a round of each, with and without persistence.
// More of it: node --conditions=millrace-src test/kill/redis/run-kills.ts --rounds 20
import { describe, expect, it } from 'vitest';
import { runRedisKills } from '../../kill/redis/run-kills.ts';
import { howToRun, withServices } from '../service.ts';

describe.skipIf(!withServices)(`job, server and Redis killed in turn (${howToRun})`, () => {
  it.each(['none', 'snapshot', 'always'] as const)(
    'no value goes back, and all are there, when Redis keeps on disk: %s',
    async (persistence) => {
      const report = (line: string): void => console.log(line);
      const seen = await runRedisKills({ rounds: 1, persistence, layout: 'packed', report });
      expect(seen.backwards).toEqual([]);
      expect(seen.wrong).toEqual([]);
      expect(seen.exitCode).toBe(0);
      expect(seen.answers).toBeGreaterThan(500);
      expect(seen.notices.includes('has lost rows')).toBe(persistence !== 'always');
    },
    180_000,
  );
});
