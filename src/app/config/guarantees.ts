// What an environment promises about delivery, said per place, with what it costs. Only what holds in
// this version: no state outlives a run yet.
import type { ResolvedProject } from './resolve-project.ts';

export interface Guarantee {
  /** `state`, `online` or `offline`. */
  readonly place: 'state' | 'online' | 'offline';
  readonly guarantee: 'exactly-once' | 'effectively-once' | 'at-least-once';
  readonly detail: string;
}

export function guaranteesOf({ environment, streamsInUse }: ResolvedProject): readonly Guarantee[] {
  const { online, offline, streams } = environment;
  const isBounded = streamsInUse.every((name) => streams[name]?.bounded === true);
  const state: Guarantee = {
    place: 'state',
    guarantee: 'exactly-once',
    detail:
      'each record counts once in a run; a run that is started again reads from the beginning',
  };
  const store: Guarantee = {
    place: 'online',
    guarantee: 'effectively-once',
    detail: 'writes are versioned, so reading again moves no value back; visible at once',
  };
  const log: Guarantee = {
    place: 'offline',
    guarantee: 'at-least-once',
    detail: isBounded
      ? 'rows appear together when a run ends, none of a run that fails; a second run adds its rows again'
      : 'rows appear every 10 s; a run that is started again adds its rows again',
  };
  return [state, ...(online === undefined ? [] : [store]), ...(offline === undefined ? [] : [log])];
}
