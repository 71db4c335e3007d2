import { expect, it } from 'vitest';
import { WriteMarkers } from './write-markers.ts';

/** A server's marker, and writes against it. */
function server() {
  let stored = -1;
  let told = 0;
  const markers = new WriteMarkers(0, () => {
    told += 1;
  });
  const begin = () => ({ number: markers.next('m'), expected: markers.acknowledged('m') });
  const apply = (write: { readonly number: number }): number => {
    const seen = stored;
    stored = Math.max(stored, write.number);
    return seen;
  };
  return {
    markers,
    begin,
    apply,
    write: () => {
      const write = begin();
      markers.taken('m', write, apply(write));
    },
    lose: (to: number) => {
      stored = to;
    },
    told: () => told,
  };
}

it('takes an empty server for new until something was acknowledged', () => {
  const { write, told } = server();
  write();
  write();
  expect(told()).toBe(0);
});

it('finds a server that is empty, or older than what it acknowledged, once', () => {
  for (const left of [-1, 1]) {
    const { write, lose, told } = server();
    for (let i = 0; i < 3; i++) write();
    lose(left);
    write();
    write();
    expect(told()).toBe(1);
    lose(left);
    write();
    expect(told()).toBe(2);
  }
});

it('tells a loss once for all writes that were under way', () => {
  const { markers, begin, apply, write, lose, told } = server();
  write();
  lose(-1);
  const writes = [begin(), begin(), begin()];
  for (const each of writes) markers.taken('m', each, apply(each));
  expect(told()).toBe(1);
});

it('takes a write that was sent again, or overtaken, for no loss', () => {
  const { markers, begin, apply, write, told } = server();
  write();
  const [first, second] = [begin(), begin()];
  const seen = apply(second);
  markers.taken('m', second, seen);
  markers.taken('m', first, apply(first));
  write();
  expect(told()).toBe(0);
});

it('goes on with the numbers of an earlier life', () => {
  const { markers, begin, apply, told } = server();
  markers.restore('m', 41);
  const write = begin();
  expect(write).toEqual({ number: 42, expected: 41 });
  markers.taken('m', write, apply(write));
  expect(told()).toBe(1);
  markers.observed('m', 42, markers.acknowledged('m'));
  expect(told()).toBe(1);
  markers.observed('m', -1, markers.acknowledged('m'));
  expect(told()).toBe(2);
});
