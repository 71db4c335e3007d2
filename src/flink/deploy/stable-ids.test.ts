// Ids of a plan as Flink 2.2.1 compiled it: one view with three windows, an online store and a topic.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareStates } from './compare-states.ts';
import { stablePlan } from './stable-ids.ts';

const recorded = readFileSync(
  new URL('../../../test/flink/fixtures/compiled-plan.json', import.meta.url),
  'utf8',
);
const placesOf = (operators: readonly { readonly owner: string }[]): readonly string[] =>
  operators.map(({ owner }) => owner.replaceAll(/\([^)]*\)/g, '')).sort();

/** The recorded plan after an edit of its text. */
function edited(...edits: readonly (readonly [string, string])[]): string {
  return edits.reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replaceAll(from, to);
  }, recorded);
}

describe('ids of operators', () => {
  it('do not depend on where Flink began to count', () => {
    const shifted = recorded.replaceAll(
      /"(id|source|target)": (\d+)/g,
      (_, name: string, id: string) => `"${name}": ${Number(id) + 1000}`,
    );
    expect(shifted).not.toBe(recorded);
    expect(stablePlan(shifted)).toEqual(stablePlan(recorded));
  });

  it('name every operator with state, and nothing else', () => {
    const { operators, json } = stablePlan(recorded);
    expect(placesOf(operators)).toEqual([
      'purchases',
      'spend__output',
      'spend__rolling_1h',
      'spend__rolling_1h__online',
      'spend__rolling_2h',
      'spend__rolling_2h__online',
      'spend__tumbling_5m',
      'spend__tumbling_5m__online',
    ]);
    const { nodes, edges } = JSON.parse(json) as {
      nodes: { id: number }[];
      edges: { source: number; target: number }[];
    };
    const ids = new Set(nodes.map(({ id }) => id));
    expect(ids.size).toBe(nodes.length);
    expect(edges.every(({ source, target }) => ids.has(source) && ids.has(target))).toBe(true);
  });

  it('stay when only the rule in front of the state changes', () => {
    const changed = edited(['amount >= 5E2', 'amount >= 9E2'], ['amount > 0E0', 'amount > 5E0']);
    const { kept, lost, dropped, added } = compareStates(
      stablePlan(recorded).operators,
      stablePlan(changed).operators,
    );
    expect(kept).toHaveLength(8);
    expect([lost, dropped, added]).toEqual([[], [], []]);
  });

  it('change with what the state holds, and with the order of the features that it is for', () => {
    const { operators } = stablePlan(recorded);
    const more = edited(['COUNT($4) AS w0$o2', 'COUNT($4) AS w0$o2, MAX(amount) AS w0$o3']);
    const swapped = edited([
      'spend__rolling_1h__online], fields=[user_id, event_time, as_of, s1, n1]',
      'spend__rolling_1h__online], fields=[user_id, event_time, as_of, n1, s1]',
    ]);
    for (const changed of [more, swapped]) {
      const comparison = compareStates(operators, stablePlan(changed).operators);
      expect(placesOf(comparison.lost)).toEqual(['spend__rolling_1h']);
      expect(placesOf(comparison.dropped)).toEqual(['spend__rolling_1h']);
      expect(comparison.kept).toHaveLength(7);
    }
  });

  it('of a feature that gets another window are lost, not dropped and added', () => {
    const longer = edited(
      ['spend__rolling_1h', 'spend__rolling_3h'],
      ['BETWEEN 3600000 PRECEDING', 'BETWEEN 10800000 PRECEDING'],
      ["'rolling_1h'", "'rolling_3h'"],
    );
    const { operators } = stablePlan(recorded);
    const { lost, added } = compareStates(operators, stablePlan(longer).operators);
    expect(placesOf(lost)).toEqual(['spend__rolling_3h']);
    expect(placesOf(added)).toEqual(['spend__rolling_3h__online']);
  });

  it('are the same whether a window fills one table or several', () => {
    const { nodes, edges, ...rest } = JSON.parse(recorded) as {
      nodes: { id: number; description: string }[];
      edges: { source: number; target: number }[];
    };
    const isOnline = /^Sink\(table=\[default_catalog\.default_database\.\w+__online\]/;
    const online = new Set(
      nodes.filter(({ description }) => isOnline.test(description)).map(({ id }) => id),
    );
    const outputOnly = JSON.stringify({
      ...rest,
      nodes: nodes.filter(({ id }) => !online.has(id)),
      edges: edges.filter(({ target }) => !online.has(target)),
    });
    const states = ({ operators }: ReturnType<typeof stablePlan>) =>
      operators.filter(({ description }) => /Aggregate/.test(description));
    expect(online.size).toBe(3);
    expect(states(stablePlan(outputOnly))).toEqual(states(stablePlan(recorded)));
    // Also beside windows with lists.
    const text = String.raw`null:VARCHAR(2147483647) CHARACTER SET \"UTF-16LE\" ARRAY AS`;
    const lists = outputOnly.replaceAll(/null:\w+ AS/g, text);
    expect(lists).not.toBe(outputOnly);
    expect(states(stablePlan(lists))).toEqual(states(stablePlan(recorded)));
  });

  it('of a window that is new or gone leave the others alone', () => {
    const { operators } = stablePlan(recorded);
    const without = operators.filter(({ owner }) => !owner.startsWith('spend__rolling_2h'));
    const comparison = compareStates(without, operators);
    expect(placesOf(comparison.added)).toEqual(['spend__rolling_2h', 'spend__rolling_2h__online']);
    expect(comparison.lost).toEqual([]);
    const back = compareStates(operators, without);
    expect(placesOf(back.dropped)).toEqual(['spend__rolling_2h', 'spend__rolling_2h__online']);
    expect(back.lost).toEqual([]);
  });
});
