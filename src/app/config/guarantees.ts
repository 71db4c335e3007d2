// What an environment promises about delivery, said per place, with what it costs. Only what holds in
// this version.
import { formatDuration } from '../../kernel/duration.ts';
import { isKafkaBinding } from '../outputs/kafka-binding.ts';
import type { ResolvedProject } from './resolve-project.ts';

export interface Guarantee {
  /** `state`, `online`, `offline`, or `outputs.` and a view. */
  readonly place: 'state' | 'online' | 'offline' | `outputs.${string}`;
  readonly guarantee: 'exactly-once' | 'effectively-once' | 'at-least-once' | 'at-most-once';
  readonly detail: string;
}

export function guaranteesOf(project: ResolvedProject): readonly Guarantee[] {
  const { online, offline } = project.environment;
  const promises = project.settings.checkpoints === null ? withoutCheckpoints : withCheckpoints;
  const { state, store, log } = promises(project);
  return [
    state,
    ...(online === undefined ? [] : [store]),
    ...(offline === undefined ? [] : [log]),
    ...outputsOf(project),
  ];
}

/** Of each topic that vectors go to. */
function outputsOf({ environment, settings }: ResolvedProject): readonly Guarantee[] {
  const every = formatDuration(settings.checkpoints?.intervalMs ?? 0);
  return Object.entries(environment.outputs ?? {}).flatMap(([view, binding]) => {
    if (!isKafkaBinding(binding)) return [];
    const { topic, delivery: guarantee = 'at-least-once' } = binding.options;
    const detail = `topic ${topic}: ${deliveryDetail(guarantee, settings.checkpoints === null, every)}`;
    return [{ place: `outputs.${view}` as const, guarantee, detail }];
  });
}

function deliveryDetail(
  delivery: 'exactly-once' | 'at-least-once' | 'at-most-once',
  isUnchecked: boolean,
  every: string,
): string {
  if (delivery === 'exactly-once') {
    return `read_committed consumers see each row once, after each checkpoint (every ${every}); one transaction with the offsets of the sources`;
  }
  if (delivery === 'at-most-once') {
    return `rows are sent after each checkpoint (every ${every}); those of a checkpoint whose sending was cut off are lost, none comes twice`;
  }
  return isUnchecked
    ? 'rows are sent at once; without checkpoints a run that is started again sends all of them again'
    : `rows are sent at once; after a failure those since the last checkpoint (every ${every}) come again, told apart by _seq`;
}

interface Promises {
  readonly state: Guarantee;
  readonly store: Guarantee;
  readonly log: Guarantee;
}

function withCheckpoints({ settings }: ResolvedProject): Promises {
  const every = formatDuration(settings.checkpoints?.intervalMs ?? 0);
  const ends =
    settings.checkpoints?.retainOnStop === false
      ? '; a run that ends drops its checkpoints, so the next one has to begin anew (--fresh-state)'
      : '';
  return {
    state: {
      place: 'state',
      guarantee: 'exactly-once',
      detail: `after a crash the state is as if every record had been applied once; at most what was read since the last checkpoint (every ${every}) is read again`,
    },
    store: {
      place: 'online',
      guarantee: 'effectively-once',
      detail:
        'writes are versioned, so what is computed again moves no value back; visible at once; a store that lost rows is filled again from state',
    },
    log: {
      place: 'offline',
      guarantee: 'exactly-once',
      detail: `each row is there once, whatever fails; visible after each checkpoint (every ${every}) and at the end${ends}`,
    },
  };
}

function withoutCheckpoints({ environment, streamsInUse }: ResolvedProject): Promises {
  const isBounded = streamsInUse.every((name) => environment.streams[name]?.bounded === true);
  const again = 'a run that is started again';
  return {
    state: {
      place: 'state',
      guarantee: 'exactly-once',
      detail: `each record counts once in a run; without checkpoints ${again} reads from the beginning`,
    },
    store: {
      place: 'online',
      guarantee: 'effectively-once',
      detail: 'writes are versioned, so reading again moves no value back; visible at once',
    },
    log: {
      place: 'offline',
      guarantee: 'at-least-once',
      detail: isBounded
        ? 'rows appear together when a run ends, none of a run that fails; without checkpoints a second run adds its rows again'
        : `rows appear every 10 s; without checkpoints ${again} adds its rows again`,
    },
  };
}
