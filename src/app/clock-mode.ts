// What *now* is for reads and decay: said by the environment, else noted by the last run, else the
// events' clock when every source ends by itself. The note lets other processes agree with the run.
import type { OnlineStore } from '../ports/online-store.ts';
import type { ResolvedProject } from './config/resolve-project.ts';

export type ClockMode = 'wall' | 'event';

const noteName = 'clock';

/** The mode that a run of the environment uses. */
export function clockModeOf({ environment, streamsInUse }: ResolvedProject): ClockMode {
  if (environment.clock !== undefined) return environment.clock;
  const isBounded = streamsInUse.every((name) => environment.streams[name]?.bounded === true);
  return isBounded ? 'event' : 'wall';
}

export function noteClockMode(store: OnlineStore, mode: ClockMode): Promise<void> {
  return store.writeNote(noteName, mode);
}

/** The mode for reads: the environment's word, else what the last run noted. */
export function readingClockMode(project: ResolvedProject, store: OnlineStore): ClockMode {
  const noted = store.readNote(noteName);
  if (project.environment.clock === undefined && (noted === 'wall' || noted === 'event'))
    return noted;
  return clockModeOf(project);
}
