import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  buildPlan,
  count,
  entity,
  featureService,
  featureView,
  lifetime,
  onDemandView,
  rolling,
  select,
  stream,
  sum,
  t,
} from '../../index.ts';
import type { Plan, ViewNode } from '../../plan/plan.ts';
import { parseRegistry } from './parse-registry.ts';
import { type RegistryTools, registryToolsOf } from './registry-tools.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-registry-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const user = entity('user', { key: { user_id: t.string() } });

const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
});

function spendOver(window: '1h' | '2h') {
  return featureView('spend', {
    entity: user,
    from: purchases.where((p) => p.amount.gt(0)),
    owner: 'risk',
    freshness: '5s',
    tags: ['fraud'],
    features: (p) => ({
      sum_1h: sum(p.amount).over(rolling(window)),
      total: count().over(lifetime()),
    }),
    derive: (f) => ({ twice: f.sum_1h.times(2) }),
  });
}

function planOf(window: '1h' | '2h' = '1h'): Plan {
  const spend = spendOver(window);
  const offer = onDemandView('offer', {
    from: { spend },
    request: { bonus: t.float64() },
    features: (request, views) => ({ with_bonus: views.spend.sum_1h.plus(request.bonus) }),
  });
  const model = featureService('model', {
    owner: 'ml',
    features: [select(spend, 'sum_1h'), offer],
  });
  return buildPlan([{ user, purchases, spend, offer, model }]).plan;
}

function registryOf(plan: Plan = planOf()): RegistryTools {
  return registryToolsOf({ project: 'shop', plan, baseDirectory: folder });
}

/** The plan with its one view changed. */
function withView(plan: Plan, change: (view: ViewNode) => Partial<ViewNode>): Plan {
  return { ...plan, views: plan.views.map((view) => ({ ...view, ...change(view) })) };
}

describe('the registry', () => {
  it('says what there is, who owns it, what is promised, and who reads what', async () => {
    const document = await registryOf().document();
    expect(document.entities).toEqual([
      { name: 'user', key: { user_id: 'string' }, description: null },
    ]);
    const [view] = document.views;
    expect(view).toMatchObject({
      name: 'spend',
      version: 1,
      earlier: [],
      entity: 'user',
      stream: 'purchases',
      where: ['amount > 0'],
      owner: 'risk',
      freshness_ms: 5000,
      tags: ['fraud'],
    });
    expect(view?.features).toEqual([
      {
        name: 'sum_1h',
        type: 'float64',
        nullable: true,
        computed: 'sum(amount) over rolling 1h',
        reads: ['amount'],
      },
      {
        name: 'total',
        type: 'count',
        nullable: false,
        computed: 'count() over lifetime',
        reads: [],
      },
      { name: 'twice', type: 'float64', nullable: true, computed: 'sum_1h * 2', reads: ['sum_1h'] },
    ]);
    expect(document.on_demand[0]).toMatchObject({ name: 'offer', request: { bonus: 'float64' } });
    expect(document.lineage).toEqual([
      { from: 'stream:purchases', to: 'view:spend' },
      { from: 'view:spend', to: 'on_demand:offer' },
      { from: 'view:spend', to: 'service:model' },
      { from: 'on_demand:offer', to: 'service:model' },
    ]);
  });

  it('is written as files that stay as they are while nothing changes', async () => {
    const registry = registryOf();
    const first = await registry.write();
    expect(first.written).toEqual([
      'registry.json',
      'entities/user.json',
      'streams/purchases.json',
      'views/spend.json',
      'on-demand/offer.json',
      'services/model.json',
    ]);
    expect(await registry.write()).toMatchObject({ written: [], removed: [] });
    const view: unknown = JSON.parse(
      readFileSync(join(folder, 'registry/views/spend.json'), 'utf8'),
    );
    expect(view).toMatchObject({
      reads: ['stream:purchases'],
      read_by: ['on_demand:offer', 'service:model'],
    });
  });

  it('counts versions by what is computed, not by what is said of it', async () => {
    await registryOf().write();
    const owned = registryOf(withView(planOf(), () => ({ owner: 'fraud' })));
    expect((await owned.write()).versions).toEqual({ spend: 1, offer: 1 });
    const wider = registryOf(planOf('2h'));
    expect((await wider.pending()).written).toContain('views/spend.json');
    expect((await wider.write()).versions).toEqual({ spend: 2, offer: 1 });
    const again = await wider.document();
    expect(again.views[0]).toMatchObject({
      version: 2,
      earlier: [expect.stringMatching(/^[0-9a-f]{64}$/)],
    });
    expect((await wider.write()).written).toEqual([]);
  });

  it('removes files of what is gone, and leaves those of others', async () => {
    const registry = registryOf();
    await registry.write();
    mkdirSync(join(folder, 'registry/views'), { recursive: true });
    writeFileSync(join(folder, 'registry/views/gone.json'), '{}');
    writeFileSync(join(folder, 'registry/views/notes.md'), 'mine');
    expect((await registry.write()).removed).toEqual(['views/gone.json']);
    expect(readdirSync(join(folder, 'registry/views'))).toEqual(['notes.md', 'spend.json']);
  });
});

describe('the difference of two registries', () => {
  it('tells what breaks readers, what changes values, and what are words', async () => {
    await registryOf().write();
    const place = join(folder, 'registry');
    const changed = registryOf(
      withView(planOf('2h'), ({ features }) => ({
        owner: 'fraud',
        features: features.filter(({ name }) => name !== 'total'),
      })),
    );
    expect(await changed.diff(place)).toEqual([
      {
        what: 'view spend: feature sum_1h',
        effect: 'values',
        detail: 'computed: sum(amount) over rolling 1h → sum(amount) over rolling 2h',
      },
      { what: 'view spend: feature total', effect: 'breaking', detail: 'is gone' },
      { what: 'view spend', effect: 'words', detail: 'owner: risk → fraud' },
    ]);
    const plan = withView(planOf(), ({ key }) => ({
      key: key.map((part) => ({ ...part, type: { kind: 'int64' } })),
    }));
    const keyed = registryOf(plan);
    expect((await keyed.diff(place)).filter(({ effect }) => effect === 'breaking')).toEqual([
      { what: 'view spend', effect: 'breaking', detail: 'key: user_id string → user_id int64' },
    ]);
    expect(await registryOf().diff(join(place, 'registry.json'))).toEqual([]);
    expect(await keyed.diff(place, place)).toEqual([]);
  });
});

describe('a registry file', () => {
  const whole = { kind: 'millrace-registry', format: 1, project: 'p', entities: [], streams: [] };

  it.each([
    ['nonsense', 'is not JSON'],
    ['null', 'is no registry of millrace'],
    ['[]', 'is no registry of millrace'],
    ['{"kind":"plan"}', 'is no registry of millrace'],
    [
      '{"kind":"millrace-registry","format":2}',
      'is of format 2, and this version of millrace reads 1',
    ],
    ['{"kind":"millrace-registry"}', 'is of format none'],
    [JSON.stringify(whole), '"views" is no list'],
    [
      JSON.stringify({
        ...whole,
        views: [{ name: 'v' }],
        on_demand: [],
        services: [],
        lineage: [],
      }),
      '"views" is no list',
    ],
  ])('%s is refused', (text, message) => {
    expect(() => parseRegistry(text, 'r.json')).toThrow(message);
  });

  it('of a newer version says to use that version', () => {
    const text = JSON.stringify({ ...whole, format: 9 });
    expect(() => parseRegistry(text, 'r.json')).toThrow(
      expect.objectContaining({
        code: 'MR_FEATURE_REGISTRY',
        fix: 'use the version of millrace that wrote it',
      }),
    );
  });

  it('is refused before anything is written over it', async () => {
    const registry = registryOf();
    await registry.write();
    writeFileSync(
      join(folder, 'registry/registry.json'),
      '{"kind":"millrace-registry","format":2}',
    );
    await expect(registry.write()).rejects.toMatchObject({ code: 'MR_FEATURE_REGISTRY' });
  });
});
