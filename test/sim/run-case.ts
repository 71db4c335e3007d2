// One case from its seed to its verdict: lives of a job one after the other, sometimes two at once,
// until one finishes; then what is left is judged.
import { errorCatalogue } from '../../src/kernel/errors/catalogue.ts';
import { FaultyStateFiles } from '../../src/testing/faults/faulty-state-files.ts';
import { ended, HistoryBook, type HistoryStep } from './history.ts';
import { furthestMs } from './reference.ts';
import { Life, type Machine, type Surroundings } from './life.ts';
import { lifeMood } from './moods.ts';
import { SimOutputs } from './outputs.ts';
import { simCase } from './sim-case.ts';
import { SimVault } from './sim-storage.ts';
import { judgeCase } from './verdict.ts';
import { SimWorld } from './world.ts';

export interface CaseResult {
  readonly seed: number;
  readonly problems: readonly string[];
  /** Of everything that happened, in order. */
  readonly traceHash: string;
  /** The end of the trace, for people. */
  readonly tail: readonly string[];
  readonly isRepeatable: boolean;
  readonly rowCount: number;
  readonly eventCount: number;
  /** How often each fault and each step of recovery happened. */
  readonly counts: ReadonlyMap<string, number>;
}

const livesMax = 40;
/** The wall's clock goes before the events, so that setting it back does not take it before 1970. */
const aheadMs = 60_000;

export async function runCase(seed: number): Promise<CaseResult> {
  const given = simCase(seed);
  const world = new SimWorld(seed, given.startMs + aheadMs);
  const surroundings: Surroundings = {
    simCase: given,
    world,
    vault: new SimVault(),
    outputs: new SimOutputs(),
    book: new HistoryBook(),
  };
  const succession = new Succession(surroundings);
  const problems: string[] = [];
  try {
    await succession.run();
    problems.push(...succession.problems);
  } catch (error) {
    problems.push(
      `the simulation stopped: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return judged(surroundings, succession, problems);
}

/** The lives of a job. */
class Succession {
  readonly lives: Life[] = [];
  readonly problems: string[] = [];
  readonly #surroundings: Surroundings;
  #machines = 0;
  #machine: Machine;
  #isTakeoverDue = false;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#machine = this.#newMachine();
  }

  /** Until a life has finished and no other is left. */
  async run(): Promise<void> {
    const { world } = this.#surroundings;
    while (!this.lives.some(({ state }) => state === 'finished')) {
      if (this.lives.length >= livesMax) throw new Error(`not finished after ${livesMax} lives`);
      this.#begin();
      this.#isTakeoverDue = false;
      await world.run(() => this.#isTakeoverDue || this.#running.length === 0 || this.#hasFinished);
      this.#noteEnds();
      if (this.#running.length === 0) await this.#pause();
    }
    for (const life of this.#running) {
      world.schedule('enough', 20_000, () => life.die());
    }
    await world.run(() => this.#running.length === 0);
    this.#noteEnds();
  }

  get #running(): readonly Life[] {
    return this.lives.filter(({ isOver }) => !isOver);
  }

  get #hasFinished(): boolean {
    return this.lives.some(({ state }) => state === 'finished');
  }

  #begin(): void {
    const { world, simCase: given } = this.#surroundings;
    const mood = lifeMood(world, this.lives.length);
    if (mood.moves || this.#running.length > 0) this.#machine = this.#newMachine();
    this.#damageSomething();
    const life = new Life(this.#surroundings, this.lives.length + 1, {
      machine: this.#machine,
      mood,
    });
    this.lives.push(life);
    life.start();
    world.watch(
      () => life.isFrozen,
      () => {
        const ms = 1500 * world.next();
        world.schedule(`somebody takes over ${given.seed}`, ms, () => {
          this.#isTakeoverDue = !life.isOver;
        });
      },
    );
  }

  /** What lies in storage may be damaged while nobody looks, as long as something whole is left. */
  #damageSomething(): void {
    const { world, vault } = this.#surroundings;
    const [newest, older] = vault.complete;
    if (newest === undefined || older === undefined || !world.chance(0.05)) return;
    if (this.lives.length > 8 || this.#running.length > 0) return;
    // The checkpoint of an end has the state of the one before it.
    if (newest.head === older.head) return;
    const digits = String(newest.id).padStart(12, '0');
    const name = world.chance(0.5) ? `sim/manifests/${digits}.json` : `sim/segments/${newest.head}`;
    vault.damage(name, world.below(100_000));
    world.fault('checkpoint damaged', name);
  }

  /** A job that is started again at once may find its lease still held. */
  async #pause(): Promise<void> {
    const { world } = this.#surroundings;
    if (this.#hasFinished) return;
    let isOver = false;
    world.schedule('somebody restarts it', world.pick([1, 50, 700]) * world.next(), () => {
      isOver = true;
    });
    await world.run(() => isOver);
  }

  /** What a life may not end with. */
  #noteEnds(): void {
    for (const { process, error } of this.lives) {
      if (error === null || errorCatalogue[error.code].blame !== 'internal') continue;
      const text = `${process.name} failed: ${error.code} ${error.message}`;
      if (!this.problems.includes(text)) this.problems.push(text);
    }
  }

  #newMachine(): Machine {
    const { world } = this.#surroundings;
    this.#machines += 1;
    const files = new FaultyStateFiles({ seed: world.seed + this.#machines });
    return { name: `machine${this.#machines}`, files, alive: new Set() };
  }
}

function judged(
  surroundings: Surroundings,
  { lives }: Succession,
  problems: readonly string[],
): CaseResult {
  const { simCase: given, world, vault, outputs, book } = surroundings;
  const history = finalHistory(surroundings);
  const verdict =
    problems.length > 0 || history === null
      ? null
      : judgeCase({ simCase: given, outputs, vault, history, timelines: book.timelines });
  const counts = new Map(world.faults);
  const count = (name: string, n: number): void => {
    if (n > 0) counts.set(name, (counts.get(name) ?? 0) + n);
  };
  count('lives', lives.length);
  count('checkpoints', vault.manifestCount);
  count('restores', lives.filter(({ restoredId }) => restoredId !== null).length);
  for (const { error } of lives) if (error !== null) count(`ended ${error.code}`, 1);
  return {
    seed: given.seed,
    problems: verdict?.problems ?? [...problems, ...vault.problems],
    traceHash: world.traceHash,
    tail: world.tail,
    isRepeatable: verdict?.isRepeatable ?? false,
    rowCount: verdict?.rowCount ?? 0,
    eventCount: world.eventCount,
    counts,
  };
}

/** What the views were told, by the newest checkpoint that counts. */
function finalHistory({
  simCase: given,
  vault,
  book,
}: Surroundings): readonly HistoryStep[] | null {
  const [newest] = vault.complete;
  if (newest === undefined) return null;
  const history = book.upTo(newest.head);
  return newest.isEnded ? ended(history, furthestMs(given, history)) : history;
}
