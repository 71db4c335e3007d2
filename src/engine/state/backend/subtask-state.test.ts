import { describe, expect, it } from 'vitest';
import { keyGroupOf, keyGroupsOf } from '../../../kernel/key-group.ts';
import { type Random, seededRandom } from '../../../kernel/random.ts';
import { FakeKeyImages, type FakeState, hashOfText } from '../../../testing/fake-key-images.ts';
import { FaultyStateFiles, SimulatedCrash } from '../../../testing/faults/faulty-state-files.ts';
import type { SubtaskSnapshot } from '../../checkpoint/subtask-snapshot.ts';
import type { Residence } from '../residence.ts';
import { SubtaskState } from './subtask-state.ts';

const never = Number.POSITIVE_INFINITY;
const uids = ['first', 'second'];

interface HostOptions {
  readonly files: FaultyStateFiles;
  readonly memoryBytesMax: number | null;
  readonly prefix: string;
  readonly subtask?: number;
  readonly parallelism?: number;
  readonly uids?: readonly string[];
  readonly segmentBytes?: number;
}

/** A subtask with fake views. */
class Host {
  readonly state: SubtaskState;
  readonly views: readonly FakeKeyImages[];
  readonly residences: readonly Residence[];

  constructor({ files, memoryBytesMax, prefix, ...rest }: HostOptions) {
    const { subtask = 0, parallelism = 1, segmentBytes = 2048 } = rest;
    this.state = new SubtaskState({
      files,
      subtask,
      keyGroups: keyGroupsOf(subtask, parallelism),
      memoryBytesMax,
      filePrefix: prefix,
      segmentBytes,
      memoryBytesMin: 0,
    });
    const names = rest.uids ?? uids;
    this.views = names.map((uid) => new FakeKeyImages(uid));
    this.residences = this.views.map((view, i) => {
      const residence = this.state.register(names[i] as string, view);
      view.attach(residence);
      return residence;
    });
  }
}

type Model = ReadonlyMap<string, FakeState>[];

const emptyModel = (): Map<string, FakeState>[] => uids.map(() => new Map());
const copyOf = (model: Model): Map<string, FakeState>[] => model.map((view) => new Map(view));

function owner(key: string, parallelism: number): number {
  const group = keyGroupOf(hashOfText(key));
  for (let subtask = 0; subtask < parallelism; subtask++) {
    const { first, end } = keyGroupsOf(subtask, parallelism);
    if (first <= group && group < end) return subtask;
  }
  return -1;
}

/** What a coordinator does: keeps the files of checkpoints apart and releases what none needs. */
class Checkpoints {
  readonly stored = new Map<string, Uint8Array>();
  last: { parts: SubtaskSnapshot[]; model: Model } | null = null;

  keep(parts: SubtaskSnapshot[], files: readonly FaultyStateFiles[], model: Model): void {
    for (const [i, { segments, added, head }] of parts.entries()) {
      for (const name of [...added, head.name]) {
        expect(this.stored.has(name)).toBe(false);
        this.stored.set(name, (files[i] as FaultyStateFiles).read(name));
      }
      for (const { name, bytes } of segments) expect(this.stored.get(name)?.length).toBe(bytes);
      expect(this.stored.get(head.name)?.length).toBe(head.bytes);
    }
    this.last = { parts, model: copyOf(model) };
  }

  /** A fresh machine with the files of the last checkpoint. */
  filesOf(parts: readonly SubtaskSnapshot[], seed: number): FaultyStateFiles {
    const files = new FaultyStateFiles({ seed });
    for (const { segments, head } of parts) {
      for (const { name } of [...segments, head]) {
        files.write(name, this.stored.get(name) as Uint8Array);
      }
    }
    return files;
  }
}

function anyState(random: Random): FakeState {
  const length = random.next() < 0.05 ? 700 : Math.floor(random.next() * 40);
  const value = `${random.next()}`.padEnd(length, 'x');
  const wakeMs = random.next() < 0.4 ? never : Math.floor(random.next() * 1e6) - 1e5;
  const idle = random.next();
  const later = idle < 0.3 ? never : wakeMs + Math.floor(random.next() * 5e5);
  return { value, wakeMs, idleWakeMs: idle < 0.6 && wakeMs !== never ? wakeMs : later };
}

function expectEqual(hosts: readonly Host[], model: Model, keys: readonly string[]): void {
  for (const [i, view] of model.entries()) {
    for (const key of keys) {
      const host = hosts[owner(key, hosts.length)] as Host;
      expect(host.views[i]?.get(key) ?? null, key).toEqual(view.get(key) ?? null);
    }
  }
}

/** Shows all keys that are stored; with those in memory that is all keys. */
function expectAllShown(host: Host, model: Map<string, FakeState>, view: number): void {
  const images = host.views[view] as FakeKeyImages;
  const seen = new Set(images.residentKeys());
  host.residences[view]?.visitStored((slots, count) => {
    for (const slot of slots.subarray(0, count)) {
      const bytes = images.keyData.subarray(images.keyStart(slot), images.keyEnd(slot));
      const key = new TextDecoder().decode(bytes);
      expect(images.get(key)).toEqual(model.get(key));
      seen.add(key);
    }
    host.residences[view]?.settle();
  });
  expect([...seen].sort()).toEqual([...model.keys()].sort());
}

/** Wakes all that is due; then nothing due is left out, and nothing was brought that is not. */
function expectWoken(host: Host, model: Map<string, FakeState>, view: number, random: Random) {
  const isIdle = random.next() < 0.5;
  const limit = Math.floor(random.next() * 6e5);
  const images = host.views[view] as FakeKeyImages;
  const residence = host.residences[view] as Residence;
  const before = new Set(images.residentKeys());
  const timeOf = (key: string): number => {
    const state = model.get(key);
    return (isIdle ? state?.idleWakeMs : state?.wakeMs) ?? never;
  };
  const stored = [...model.keys()].filter((key) => !images.isResident(key));
  const earliest = Math.min(never, ...stored.map(timeOf));
  expect(residence.coldWakeMs(isIdle)).toBeLessThanOrEqual(earliest);
  while (residence.coldWakeMs(isIdle) <= limit && residence.wake(limit, isIdle));
  for (const key of images.residentKeys()) {
    if (!before.has(key)) expect(timeOf(key)).toBeLessThanOrEqual(limit);
  }
  for (const key of stored) {
    if (timeOf(key) <= limit) expect(images.isResident(key), key).toBe(true);
  }
}

interface Play {
  readonly random: Random;
  readonly keys: readonly string[];
  readonly checkpoints: Checkpoints;
  /** Changed with the hosts. */
  readonly model: Map<string, FakeState>[];
}

function oneStep(hosts: readonly Host[], { random, keys, model }: Play): void {
  const view = Math.floor(random.next() * uids.length);
  const key = keys[Math.floor(random.next() ** 2 * keys.length)] as string;
  const host = hosts[owner(key, hosts.length)] as Host;
  const images = host.views[view] as FakeKeyImages;
  const states = model[view] as Map<string, FakeState>;
  const choice = random.next();
  if (choice < 0.55) {
    const state = anyState(random);
    images.put(key, state);
    states.set(key, state);
  } else if (choice < 0.65) {
    if (!states.has(key)) return;
    images.forget(key);
    states.delete(key);
  } else if (choice < 0.75) {
    expect(images.get(key), key).toEqual(states.get(key) ?? null);
  } else if (choice < 0.8) {
    const mine = [...states].filter(
      ([other]) => owner(other, hosts.length) === hosts.indexOf(host),
    );
    if (random.next() < 0.3) expectAllShown(host, new Map(mine), view);
    else expectWoken(host, new Map(mine), view, random);
  } else if (choice < 0.9) {
    for (const residence of host.residences) residence.settle();
  } else host.state.work(false);
}

/** Takes a snapshot of all hosts with steps between its slices; half of the time it is given up. */
function checkpoint(hosts: readonly Host[], files: readonly FaultyStateFiles[], play: Play): void {
  const { random, checkpoints } = play;
  const atFlip = copyOf(play.model);
  const heads = hosts.map((host, i) => {
    for (const view of host.views) view.head = `head of ${i} at ${random.next()}`;
    host.state.beginSnapshot(1);
    return host.views.map(({ head }) => head);
  });
  const isGivenUp = random.next() < 0.2;
  const slices = isGivenUp ? random.next() * 8 : 500;
  for (let i = 0; i < slices; i++) {
    if (random.next() < 0.5) oneStep(hosts, play);
    const done = hosts.map(({ state }) => state.work(false));
    if (done.every(Boolean)) break;
  }
  if (isGivenUp) {
    for (const { state } of hosts) state.abortSnapshot();
    return;
  }
  for (const { state } of hosts) state.work(true);
  const parts = hosts.map(({ state }) => state.takeSnapshot() as SubtaskSnapshot);
  const before = checkpoints.last?.parts ?? [];
  checkpoints.keep(parts, files, atFlip);
  for (const { state } of hosts) {
    expect(state.takeSnapshot()).toBeNull();
    state.release(before.flatMap(({ segments, head }) => [...segments, head].map((f) => f.name)));
  }
  expect(parts.flatMap(({ views }) => views.map(({ entries }) => entries)).reduce(sum, 0)).toBe(
    atFlip.map(({ size }) => size).reduce(sum, 0),
  );
  expect(heads).toHaveLength(parts.length);
}

const sum = (a: number, b: number): number => a + b;

function startHosts(
  play: Play,
  { parallelism, run, budget }: { parallelism: number; run: number; budget: number | null },
): { hosts: Host[]; files: FaultyStateFiles[] } {
  const { last } = play.checkpoints;
  const files: FaultyStateFiles[] = [];
  const hosts = Array.from({ length: parallelism }, (_, subtask) => {
    const own = play.checkpoints.filesOf(last?.parts ?? [], run);
    files.push(own);
    const prefix = `r${run}-${subtask}`;
    const options = { files: own, memoryBytesMax: budget, prefix, subtask, parallelism };
    const host = new Host(options);
    if (last !== null) host.state.restore(last.parts);
    return host;
  });
  const takers = hosts.flatMap(({ views }) => views.flatMap(({ headsRead }) => headsRead));
  const taken = takers.filter(({ takesCounters }) => takesCounters);
  expect(taken).toHaveLength((last?.parts.length ?? 0) * uids.length);
  return { hosts, files };
}

function play(seed: number, budget: number | null): void {
  const random = seededRandom(seed);
  const keys = Array.from({ length: 60 }, (_, i) => `key-${i}-${'y'.repeat((i * 7) % 30)}`);
  const game: Play = { random, keys, checkpoints: new Checkpoints(), model: emptyModel() };
  for (const [run, parallelism] of [1, 3, 2, 1].entries()) {
    const { hosts, files } = startHosts(game, { parallelism, run, budget });
    const restored = game.checkpoints.last?.model ?? emptyModel();
    for (const [i, view] of restored.entries()) game.model[i] = new Map(view);
    if (run > 0 && random.next() < 0.5) expectEqual(hosts, game.model, keys);
    const dies = random.next() < 0.5;
    if (dies) {
      for (const own of files) own.appendsUntilCrash = Math.floor(random.next() * 60);
    }
    try {
      for (let round = 0; round < 6; round++) {
        for (let step = 0; step < 60; step++) oneStep(hosts, game);
        if (random.next() < 0.7) checkpoint(hosts, files, game);
      }
      expectEqual(hosts, game.model, keys);
    } catch (error) {
      if (!(error instanceof SimulatedCrash)) throw error;
    }
  }
}

describe('the state of a subtask', () => {
  it.each([
    ['all in memory', null],
    ['nearly nothing in memory', 1],
    ['some in memory', 6000],
  ])('equals a map through changes, snapshots, crashes and other parallelism: %s', (_, budget) => {
    const cases = Number(process.env['MILLRACE_CASES'] ?? 8);
    const first = Number(process.env['MILLRACE_SEED']);
    for (let seed = first; seed < first + cases; seed++) {
      try {
        play(seed, budget);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });
});
