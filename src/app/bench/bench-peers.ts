// What the engine is held against, in the same run and over the same bytes: parsing alone, and the
// J2 program as one would write it by hand for Node.
import { closeSync, openSync, readSync } from 'node:fs';

interface BenchEvent {
  readonly user_id: string;
  readonly amount: number;
  readonly ts: number;
}

const newline = 10;
const pieceBytes = 1 << 20;

/** Calls with every event of a file of JSON lines; returns how many there were. */
function forEachEvent(path: string, take: (event: BenchEvent) => void): number {
  const file = openSync(path, 'r');
  const bytes = Buffer.alloc(pieceBytes);
  let count = 0;
  let rest = 0;
  for (;;) {
    const length = readSync(file, bytes, rest, pieceBytes - rest, null);
    if (length === 0) break;
    const end = rest + length;
    const whole = bytes.lastIndexOf(newline, end - 1) + 1;
    for (const line of bytes.toString('utf8', 0, whole).split('\n')) {
      if (line === '') continue;
      take(JSON.parse(line) as BenchEvent);
      count++;
    }
    bytes.copyWithin(0, whole, end);
    rest = end - whole;
  }
  closeSync(file);
  return count;
}

/** The floor: JSON.parse of every event, nothing else. */
export function parseAll(path: string): number {
  let total = 0;
  const count = forEachEvent(path, (event) => {
    total += event.amount;
  });
  return total < 0 ? 0 : count;
}

interface UserWindow {
  times: number[];
  amounts: number[];
  first: number;
  sum: number;
  /** Positions of falling amounts: the first one is the greatest in the window. */
  falling: number[];
  firstFalling: number;
}

const windowMs = 3_600_000;
const compactAfter = 64;

/**
 * J2 by hand: a deque per user in a Map, a running sum, a falling deque for the maximum; one object
 * out per event, in order of arrival. No watermark, no late rule, no correction of disorder.
 */
export function handWrittenJ2(path: string): number {
  const users = new Map<string, UserWindow>();
  let checksum = 0;
  const count = forEachEvent(path, ({ user_id, amount, ts }) => {
    let user = users.get(user_id);
    if (user === undefined) {
      user = { times: [], amounts: [], first: 0, sum: 0, falling: [], firstFalling: 0 };
      users.set(user_id, user);
    }
    const row = { user_id, ts, ...addEvent(user, amount, ts) };
    checksum += row.n;
  });
  return checksum < 0 ? 0 : count;
}

function addEvent(
  user: UserWindow,
  amount: number,
  ts: number,
): { n: number; spent: number; most: number } {
  const { times, amounts, falling } = user;
  times.push(ts);
  amounts.push(amount);
  user.sum += amount;
  while (
    falling.length > user.firstFalling &&
    (amounts[falling[falling.length - 1] as number] as number) <= amount
  ) {
    falling.pop();
  }
  falling.push(times.length - 1);
  while ((times[user.first] as number) < ts - windowMs) {
    user.sum -= amounts[user.first] as number;
    if (falling[user.firstFalling] === user.first) user.firstFalling++;
    user.first++;
  }
  const most = amounts[falling[user.firstFalling] as number] as number;
  const result = { n: times.length - user.first, spent: user.sum, most };
  if (user.first > compactAfter) compact(user);
  return result;
}

function compact(user: UserWindow): void {
  user.times = user.times.slice(user.first);
  user.amounts = user.amounts.slice(user.first);
  user.falling = user.falling.slice(user.firstFalling).map((position) => position - user.first);
  user.firstFalling = 0;
  user.first = 0;
}
