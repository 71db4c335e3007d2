import { expect, it } from 'vitest';
import { fuzzServer } from './fuzz-server.ts';

it('answers mutated requests without a failure of its own, and goes on', async () => {
  const { requests, problems, statuses } = await fuzzServer(4000, 20_261_121);
  expect(problems).toEqual([]);
  expect(requests).toBe(4000);
  // They are almost right: some are still answered, and refusals come of all kinds.
  for (const status of [200, 400, 404, 422]) expect(statuses.get(status)).toBeGreaterThan(20);
});
