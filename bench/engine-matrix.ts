// The jobs J1 to J4 by number of keys, state backend and parallelism, with a checkpoint every ten
// seconds; each cell in a process of its own, killed at the end and started again to see how soon
// it is back. Run: node --conditions=millrace-src bench/engine-matrix.ts [--quick | --full]
//   [--jobs j1,j2] [--keys 10000,1000000] [--backends memory,disk] [--parallelism 1,2] [--seconds N]
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CellResult } from './load/matrix-cell.ts';
import { type ChildResult, runChild } from './load/child-run.ts';
import { Arguments, inFolder, machine } from './load/measure.ts';

interface Cell {
  readonly job: string;
  readonly keys: number;
  readonly users: 'uniform' | 'zipf';
  readonly backend: 'memory' | 'disk';
  readonly memory: string;
  readonly parallelism: number;
}

const script = join(import.meta.dirname, 'load', 'matrix-cell.ts');

function cellsOf(args: Arguments): Cell[] {
  const isFull = args.has('full');
  const list = (name: string, quick: string, full: string): string[] =>
    args.text(name, isFull ? full : quick).split(',');
  const jobs = list('jobs', 'j2,j4', 'j1,j2,j3,j4');
  const keys = list('keys', '10000,1000000', '10000,1000000,10000000').map(Number);
  const backends = list('backends', 'memory,disk', 'memory,disk');
  const parallelism = list('parallelism', '1,2', '1,2').map(Number);
  const users = args.text('users', 'uniform') === 'zipf' ? 'zipf' : 'uniform';
  const memory = args.text('memory', '1GB');
  const cells: Cell[] = [];
  for (const job of jobs) {
    for (const count of keys) {
      for (const backend of backends) {
        for (const p of parallelism) {
          const kind = backend === 'disk' ? 'disk' : 'memory';
          cells.push({ job, keys: count, users, backend: kind, memory, parallelism: p });
        }
      }
    }
  }
  return cells;
}

async function runCell(cell: Cell, args: Arguments): Promise<Partial<CellResult>> {
  return inFolder(async (folder) => {
    const seconds = args.text('seconds', '35');
    const checkpoints = args.text('checkpoints', '10');
    const rest = ['--seconds', seconds, '--checkpoints', checkpoints, '--directory', folder];
    const options = Object.entries(cell).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const first = await runChild({ script, args: [...options, ...rest] });
    const result = { ...first.result } as Partial<CellResult>;
    if (first.result === null) return { failed: describe(first) };
    if (checkpoints === '0') return result;
    const restore = ['--restore', String(result.events_per_second ?? 0)];
    const second = await runChild({ script, args: [...options, ...rest, ...restore] });
    rmSync(folder, { recursive: true, force: true });
    return { ...result, restore: second.result ?? { failed: describe(second) } };
  });
}

function describe({ killed, exitCode }: ChildResult): string {
  return killed === null ? `exit code ${exitCode}` : `killed: ${killed}`;
}

const args = new Arguments();
const rows: object[] = [];
for (const cell of cellsOf(args)) {
  const row = { ...cell, ...(await runCell(cell, args)) };
  rows.push(row);
  console.log(JSON.stringify(row));
}
const out = args.text('out', '');
if (out !== '') {
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${JSON.stringify({ machine: machine(), rows }, null, 2)}\n`);
}
