import { describe, expect, it } from 'vitest';
import type { SubtaskSnapshot } from '../checkpoint/subtask-snapshot.ts';
import { StageSnapshot } from './stage-snapshot.ts';

const part = (subtask: number): SubtaskSnapshot => ({ subtask }) as unknown as SubtaskSnapshot;

function stage(): { snapshot: StageSnapshot; log: string[] } {
  const log: string[] = [];
  const snapshot = new StageSnapshot({
    subtaskCount: 2,
    onResume: () => log.push('resume'),
    onAbort: () => log.push('abort'),
  });
  return { snapshot, log };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a snapshot of several subtasks', () => {
  it('holds back who is past the barrier until all are and the sinks know', async () => {
    const { snapshot, log } = stage();
    const aligned = Promise.withResolvers<void>();
    const written = snapshot.begin(7, () => {
      log.push('aligned');
      return aligned.promise;
    });
    expect([snapshot.mayRead(0), snapshot.mayRead(1)]).toEqual([true, true]);
    snapshot.markerSeen(1, 7);
    expect([snapshot.mayRead(0), snapshot.mayRead(1)]).toEqual([true, false]);
    snapshot.written(1, 7, part(1));
    snapshot.markerSeen(0, 7);
    expect([snapshot.mayRead(0), snapshot.mayRead(1)]).toEqual([false, false]);
    expect(log).toEqual(['aligned']);
    aligned.resolve();
    await turn();
    expect(log).toEqual(['aligned', 'resume']);
    expect([snapshot.mayRead(0), snapshot.mayRead(1)]).toEqual([true, true]);
    snapshot.written(0, 7, part(0));
    expect(await written).toEqual([part(0), part(1)]);
  });

  it('is not complete before the sinks know, although all state is written', async () => {
    const { snapshot } = stage();
    const aligned = Promise.withResolvers<void>();
    let isComplete = false;
    const written = snapshot.begin(1, () => aligned.promise).then(() => (isComplete = true));
    for (const subtask of [0, 1]) {
      snapshot.markerSeen(subtask, 1);
      snapshot.written(subtask, 1, part(subtask));
    }
    await turn();
    expect(isComplete).toBe(false);
    aligned.resolve();
    await written;
  });

  it('that was given up holds nobody back, and its late parts are nothing', async () => {
    const { snapshot, log } = stage();
    const first = snapshot.begin(1, () => Promise.resolve());
    snapshot.markerSeen(0, 1);
    snapshot.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    expect(log).toEqual(['abort', 'resume']);
    expect(snapshot.mayRead(0)).toBe(true);
    const second = snapshot.begin(2, () => Promise.resolve());
    snapshot.markerSeen(1, 1);
    expect(snapshot.mayRead(1)).toBe(true);
    snapshot.written(1, 1, part(9));
    for (const subtask of [0, 1]) {
      snapshot.markerSeen(subtask, 2);
      snapshot.written(subtask, 2, part(subtask));
    }
    expect(await second).toEqual([part(0), part(1)]);
  });

  it('fails when a subtask cannot write, or the sinks cannot prepare', async () => {
    const { snapshot, log } = stage();
    const first = snapshot.begin(1, () => Promise.resolve());
    snapshot.failed(1, new Error('disk full'));
    await expect(first).rejects.toThrow('disk full');
    const second = snapshot.begin(2, () => Promise.reject(new Error('no sink')));
    snapshot.markerSeen(0, 2);
    snapshot.markerSeen(1, 2);
    await expect(second).rejects.toThrow('no sink');
    expect(log).toEqual(['abort', 'resume', 'abort', 'resume']);
  });
});
