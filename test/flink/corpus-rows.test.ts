// The corpus without Flink: the engine's rows are those that a real Flink gave for the same events. How
// they are recorded: test/integration/flink/parity.service.test.ts.
import { readdirSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { compareRows } from '../../src/app/flink/parity/compare-rows.ts';
import { engineSide } from '../../src/app/flink/parity/engine-side.ts';
import { deliveredRows, type ParityEvents } from '../../src/app/flink/parity/parity-events.ts';
import { parityCases, parityPlan } from '../../src/app/flink/parity/parity-plan.ts';
import { streamOf } from '../../src/plan/plan.ts';
import { corpusEvents, corpusPlan, readFlinkRows } from './corpus-parity.ts';

const plan = parityPlan(corpusPlan);
let events: ReadonlyMap<string, ParityEvents>;

beforeAll(async () => {
  events = await corpusEvents(plan);
});

describe('rows that Flink gave', () => {
  it.each(plan.views.map((view) => ({ name: view.name, view })))('$name', ({ view }) => {
    const own = events.get(streamOf(plan, view).name);
    if (own === undefined) throw new TypeError('a stream has events');
    const given = { rows: deliveredRows(own), splitCount: own.splitCount };
    for (const one of parityCases(view)) {
      const ours = engineSide(plan, one, given).rows;
      expect(ours.length).toBeGreaterThan(0);
      const { examples, equal } = compareRows(one.columns, ours, readFlinkRows(one));
      expect(examples, one.group.name).toEqual([]);
      expect(equal).toBe(ours.length);
    }
  });

  it('are kept for every view of the corpus, and for no other', () => {
    const kept = readdirSync(new URL('./fixtures/rows/', import.meta.url));
    expect(kept.sort()).toEqual(plan.views.map(({ name }) => `${name}.json.gz`).sort());
  });
});
