// What to change so that topics are as they have to be. Pure. Nothing is ever made smaller: fewer
// partitions, a shorter retention or a looser policy than there is are never a step. Partitions that
// are added move keys to other partitions, so that is held back until somebody says so.
import type { TopicDescription } from '../../ports/broker-admin.ts';
import type { WantedTopic } from './wanted-topics.ts';

/** A step of a plan. `held`: it is done only when asked for by name. `manual`: not by us. */
export interface TopicStep {
  readonly kind: 'create' | 'add-partitions' | 'set';
  readonly state: 'ready' | 'held' | 'manual';
  /** Of a setting: its name. */
  readonly setting: string | null;
  readonly from: string | null;
  readonly to: string;
  readonly why: string;
}

/** One topic: how it has to be, and what that takes. */
export interface TopicDiff {
  readonly topic: string;
  readonly role: WantedTopic['role'];
  readonly key: readonly string[];
  readonly exists: boolean;
  readonly partitions: number;
  readonly replicas: number;
  /** Settings of a topic that is created. */
  readonly settings: Readonly<Record<string, string>>;
  readonly steps: readonly TopicStep[];
  readonly reasons: readonly string[];
}

const replicasMost = 3;
const forever = '-1';

export function planTopic(
  wanted: WantedTopic,
  found: TopicDescription | undefined,
  brokerCount: number,
): TopicDiff {
  const replicas = Math.min(wanted.replicas ?? replicasMost, brokerCount);
  const settings = settingsOf(wanted, found?.replicas ?? replicas);
  const { topic, role, key, partitions, reasons } = wanted;
  const steps =
    found === undefined
      ? [createStep(wanted, replicas)]
      : [
          ...partitionSteps(wanted, found),
          ...replicaSteps(replicas, found),
          ...settingSteps(settings, found, wanted),
        ];
  return {
    topic,
    role,
    key,
    exists: found !== undefined,
    partitions,
    replicas,
    settings,
    steps,
    reasons,
  };
}

function settingsOf(wanted: WantedTopic, replicas: number): Readonly<Record<string, string>> {
  return {
    'cleanup.policy': wanted.compacted ? 'compact' : 'delete',
    ...(wanted.compacted
      ? {}
      : { 'retention.ms': wanted.retentionMs === null ? forever : String(wanted.retentionMs) }),
    'min.insync.replicas': String(Math.max(1, replicas - 1)),
  };
}

function createStep({ partitions }: WantedTopic, replicas: number): TopicStep {
  const to = `${partitions} partitions, ${replicas} replicas`;
  return { kind: 'create', state: 'ready', setting: null, from: null, to, why: 'it is not there' };
}

function partitionSteps(
  { partitions, key }: WantedTopic,
  found: TopicDescription,
): readonly TopicStep[] {
  if (found.partitions >= partitions) return [];
  const moved = key.length === 0 ? 'records' : `records of one ${key.join(', ')}`;
  return [
    {
      kind: 'add-partitions',
      state: 'held',
      setting: null,
      from: String(found.partitions),
      to: String(partitions),
      why: `${moved} go to other partitions from then on: order across the change is lost`,
    },
  ];
}

function replicaSteps(replicas: number, found: TopicDescription): readonly TopicStep[] {
  if (found.replicas >= replicas) return [];
  return [
    {
      kind: 'set',
      state: 'manual',
      setting: 'replicas',
      from: String(found.replicas),
      to: String(replicas),
      why: 'use kafka-reassign-partitions: it moves data between brokers',
    },
  ];
}

function settingSteps(
  settings: Readonly<Record<string, string>>,
  found: TopicDescription,
  wanted: WantedTopic,
): readonly TopicStep[] {
  return Object.entries(settings).flatMap(([setting, to]) => {
    const from = found.settings[setting] ?? '';
    const change = changeOf(setting, from, to);
    if (change === null) return [];
    const why = change.why ?? wanted.reasons.find((reason) => reason.startsWith(wordOf(setting)));
    const step = { kind: 'set', setting, from, to: change.to, why: why ?? '' } as const;
    return [{ ...step, state: change.state }];
  });
}

interface Change {
  readonly to: string;
  readonly state: TopicStep['state'];
  readonly why?: string;
}

/** Null: it is enough as it is. */
function changeOf(setting: string, from: string, to: string): Change | null {
  if (setting === 'retention.ms') return isLonger(to, from) ? { to, state: 'ready' } : null;
  if (setting === 'min.insync.replicas') {
    const why = 'a write counts when all replicas but one have it';
    return Number(from) >= Number(to) ? null : { to, state: 'ready', why };
  }
  const policies = from.split(',').map((policy) => policy.trim());
  if (policies.includes(to)) {
    const deletes = to === 'compact' && policies.includes('delete');
    const why = 'vectors of keys that have no new events are deleted as it is';
    return deletes ? { to, state: 'held', why } : null;
  }
  if (to === 'compact') {
    const why = 'compacted: older vectors of a key are removed from then on';
    return { to, state: 'held', why };
  }
  // A stream that is compacted has lost records: taking that away brings none of them back.
  const why = 'a compacted stream keeps only the newest record of a key: replays lack the others';
  return { to, state: 'manual', why };
}

function wordOf(setting: string): string {
  return setting.split('.')[0] ?? setting;
}

/** Retentions in ms; −1 is for ever. */
function isLonger(wanted: string, found: string): boolean {
  const length = (text: string): number =>
    text === forever ? Number.POSITIVE_INFINITY : Number(text);
  return length(wanted) > length(found);
}
