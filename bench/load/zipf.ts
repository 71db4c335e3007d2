// Which user an event is of. Both are pure functions of the event's number, so that a run that goes
// on after a restart, or a check afterwards, draws the same users again without remembering them.

/** A number in [0, 1) for a whole number; `seed` makes another series. */
export function unitAt(index: number, seed: number): number {
  let z = Math.imul(index ^ seed, 0x9e3779b1);
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return ((z ^ (z >>> 15)) >>> 0) / 4294967296;
}

/** A prime above every number of users here: multiples of it visit all of them once. */
const stride = 15_485_863;

/**
 * Zipf's law as YCSB draws it (Gray et al., "Quickly generating billion-record synthetic databases",
 * SIGMOD 1994), ranks spread over all users. `theta` below 1.
 */
export function zipfUsers(users: number, theta: number, seed: number): (index: number) => number {
  const zeta = zetaOf(users, theta);
  const alpha = 1 / (1 - theta);
  const second = 1 + 0.5 ** theta;
  const eta = (1 - (2 / users) ** (1 - theta)) / (1 - zetaOf(2, theta) / zeta);
  return (index) => {
    const u = unitAt(index, seed);
    const scaled = u * zeta;
    if (scaled < 1) return 0;
    if (scaled < second) return stride % users;
    const rank = Math.floor(users * (eta * u - eta + 1) ** alpha);
    return (Math.min(rank, users - 1) * stride) % users;
  };
}

function zetaOf(count: number, theta: number): number {
  let sum = 0;
  for (let i = 1; i <= count; i++) sum += 1 / i ** theta;
  return sum;
}

/** Every user equally often. */
export function uniformUsers(users: number, seed: number): (index: number) => number {
  return (index) => Math.floor(unitAt(index, seed) * users);
}

/** Every user once, in an order without a pattern, then again. */
export function eachUser(users: number): (index: number) => number {
  return (index) => ((index % users) * stride) % users;
}
