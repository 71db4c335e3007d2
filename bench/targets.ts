// All targets of the engine in one table: each figure measured by a program of its own, one after the
// other, and written to a file with all that those programs told.
// Figures against Flink are those of the last `bench/flink.ts --from file --save`.
// Run: npm run bench [-- --full] [--only shop,slots,…] [--out bench/results/NAME.json]
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runChild } from './load/child-run.ts';
import { Arguments, inFolder, machine } from './load/measure.ts';
import { type Figures, formatTargets, type Measured, targetRows } from './load/targets.ts';

const args = new Arguments();
const isFull = args.has('full');
const only = args.has('only') ? args.text('only', '').split(',') : null;

interface Program {
  readonly script: string;
  readonly args: readonly string[];
  readonly nodeArgs?: readonly string[];
  /** Takes long: only with `--full`, or when it is asked for. */
  readonly isLong?: true;
}

// 2,000 events in a second of event time: 10,000 records wait. Keys of those do not leave memory.
const job = ['--job', 'j2', '--keys', '1000000', '--step-ms', '0.5'];
const cell = [...job, '--seconds', isFull ? '60' : '25'];
// The same events on both sides: what a key keeps grows with them.
const zipf = [...job, '--events', '2000000', '--users', 'zipf'];
const users = isFull ? '2500000' : '250000';
// Memory goes with the users: 4 GB for 2.5 M of them.
const shopMemory = isFull ? '2400MB' : '250MB';
const shop = ['--users', users, '--backend', 'disk', '--memory', shopMemory, '--checkpoints', '10'];

/** By the name of their figures. */
const programs: Readonly<Record<Exclude<keyof Measured, 'flink'>, Program>> = {
  builtin: { script: 'load/builtin-run.ts', args: [] },
  shop: { script: 'shop-core.ts', args: shop },
  shopThreads: { script: 'shop-core.ts', args: [...shop, '--parallelism', '2'] },
  slots: { script: 'slot-bytes.ts', args: [], nodeArgs: ['--expose-gc'] },
  checkpointed: {
    script: 'load/matrix-cell.ts',
    args: [...cell, '--checkpoints', '10', '--dies', 'no'],
  },
  tenMillion: {
    script: 'load/matrix-cell.ts',
    args: [
      ...['--job', 'j2', '--keys', '10000000', '--step-ms', '0.5', '--seconds', '90'],
      ...['--checkpoints', '10', '--dies', 'no'],
    ],
    isLong: true,
  },
  inMemory: { script: 'load/matrix-cell.ts', args: zipf },
  onDisk: {
    script: 'load/matrix-cell.ts',
    args: [...zipf, '--backend', 'disk', '--memory', args.text('cache', '160MB')],
  },
  large: { script: 'large-state.ts', args: ['--gb', isFull ? '10' : '2'] },
  parallel: {
    script: 'parallel.ts',
    args: ['--jobs', 'j2,j3,shop_core', '--rounds', isFull ? '3' : '2', '--events', '2000000'],
  },
};

async function figuresOf({ script, args: own, nodeArgs }: Program): Promise<Figures | null> {
  return inFolder(async (folder) => {
    const path = join(import.meta.dirname, script);
    const needsFolder = script.includes('matrix-cell');
    const { result, killed, exitCode } = await runChild({
      script: path,
      args: needsFolder ? [...own, '--directory', folder] : own,
      ...(nodeArgs === undefined ? {} : { nodeArgs }),
    });
    if (result === null) console.error(`${script}: ${killed ?? `exit code ${exitCode}`}`);
    return result;
  });
}

function kept(path: string): Figures | null {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Figures) : null;
}

const out = args.text('out', 'bench/results/linux-x64-2-cores.json');
// What an earlier run wrote and this one does not measure again.
const earlier = only === null ? {} : (kept(out)?.['figures'] as Partial<Measured> | undefined);
const figures: Record<string, Figures | null> = { ...earlier };
for (const [name, program] of Object.entries(programs)) {
  if (only === null ? program.isLong === true && !isFull : !only.includes(name)) continue;
  console.error(`${name} …`);
  figures[name] = await figuresOf(program);
}
const empty = Object.fromEntries(Object.keys(programs).map((name) => [name, null]));
const { platform, cores } = machine();
const ofFlink = `bench/results/flink-file-${platform.replace(' ', '-')}-${cores}-cores.json`;
const rows = targetRows({ ...empty, ...figures, flink: kept(ofFlink) } as unknown as Measured);
console.log(formatTargets(rows));
const report = { machine: machine(), size: isFull ? 'full' : 'quick', targets: rows, figures };
writeFileSync(out, `${JSON.stringify(report, null, 2)}\n`);
