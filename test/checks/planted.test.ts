// A check that cannot fail is worse than none: each of these puts a fault into a copy of the tree
// and sees the check turn red and name it, after it was green on the copy without the fault.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Check, type CheckResult, checks, runCheck } from '../../scripts/checks.ts';

const copied = [
  'src',
  'examples',
  'scripts',
  'test',
  'docs',
  'bin',
  'package.json',
  'ARCHITECTURE.md',
  'tsconfig.base.json',
  'tsconfig.json',
  'tsconfig.src.json',
  'tsconfig.test.json',
  '.gitignore',
  '.oxlintrc.json',
  '.dependency-cruiser.cjs',
];

let copy: string;

beforeAll(() => {
  copy = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-planted-')));
  for (const path of copied) cpSync(path, join(copy, path), { recursive: true });
  symlinkSync(realpathSync('node_modules'), join(copy, 'node_modules'), 'junction');
});

afterAll(() => {
  rmSync(copy, { recursive: true, force: true });
});

function checkNamed(name: string): Check {
  const check = checks.find((candidate) => candidate.name === name);
  if (check === undefined) throw new Error(`no check ${name}`);
  return check;
}

function run(name: string, ...more: string[]): Promise<CheckResult> {
  const check = checkNamed(name);
  return runCheck(check, { root: copy, command: [...check.command, ...more] });
}

/** Runs `body` while the given files are in the copy, and takes them out again. */
async function whilePlanted<T>(
  files: Readonly<Record<string, string>>,
  body: () => Promise<T>,
): Promise<T> {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), text);
  }
  try {
    return await body();
  } finally {
    for (const path of Object.keys(files)) rmSync(join(copy, path));
  }
}

const layerViolation = {
  'src/kernel/planted-upward.ts': `// Planted.
import type { Planted } from '../plan/planted-node.ts';
export type Upward = Planted;
`,
  'src/plan/planted-node.ts': `// Planted.
export interface Planted {
  readonly kind: 'planted';
}
`,
};

const typeCycle = {
  'src/kernel/planted-left.ts': `// Planted.
import type { Right } from './planted-right.ts';
export interface Left {
  readonly right: Right | null;
}
`,
  'src/kernel/planted-right.ts': `// Planted.
import type { Left } from './planted-left.ts';
export interface Right {
  readonly left: Left | null;
}
`,
};

const foreignPackage = {
  'src/engine/planted-package.ts': `// Planted.
import { fastify } from 'fastify';
export const server: unknown = fastify();
`,
};

const longFunction = {
  'src/kernel/planted-long.ts': `// Planted.
export function plantedLong(): number {
  let sum = 0;
${'  sum += 1;\n'.repeat(66)}  return sum;
}
`,
};

const unlistedCode = {
  'src/kernel/planted-code.ts': `// Planted.
export const plantedCode = 'MR_PLANTED_CODE';
`,
};

const wallClock = {
  'src/engine/planted-time.ts': `// Planted.
export function plantedNow(): number {
  return Date.now();
}
`,
};

describe('a planted fault', { timeout: 60_000 }, () => {
  it('in the imports: an upward type import, a type-only cycle, a foreign package', async () => {
    const clean = await run('imports');
    const planted = { ...layerViolation, ...typeCycle, ...foreignPackage };
    const red = await whilePlanted(planted, () => run('imports'));

    expect(clean.green, clean.output).toBe(true);
    expect(red.green).toBe(false);
    expect(red.output).toContain(
      'layer-kernel: src/kernel/planted-upward.ts → src/plan/planted-node.ts',
    );
    expect(red.output).toMatch(/no-cycle: .*planted-left\.ts → .*planted-right\.ts/);
    expect(red.output).toMatch(/packages-engine: src\/engine\/planted-package\.ts → .*fastify/);
  });

  it('a tree in which no module is seen is not green', async () => {
    const blind = await runCheck(checkNamed('imports'), {
      root: copy,
      command: ['scripts/import-rules.ts', '--sources-min', '100000'],
    });

    expect(blind.green).toBe(false);
    expect(blind.output).toMatch(/only \d+ sources seen/);
  });

  it('an upward arrow in the import graph', async () => {
    const red = await whilePlanted(layerViolation, () => run('graph'));

    expect(red.green).toBe(false);
    expect(red.output).toContain('upward import: kernel → plan');
  });

  it('a function of 70 lines', async () => {
    const clean = await run('lint');
    const red = await whilePlanted(longFunction, () => run('lint'));

    expect(clean.green, clean.output).toBe(true);
    expect(red.green).toBe(false);
    expect(red.output).toMatch(/planted-long\.ts:.*plantedLong.*too many lines \(70\)/);
  });

  it('an error code that the catalogue does not list', async () => {
    const clean = await run('tidy', 'error-codes');
    const red = await whilePlanted(unlistedCode, () => run('tidy', 'error-codes'));

    expect(clean.green, clean.output).toBe(true);
    expect(red.green).toBe(false);
    expect(red.output).toContain('planted-code.ts:2: MR_PLANTED_CODE: not in');
  });

  it('wall time in the engine', async () => {
    const clean = await run('tidy', 'time');
    const red = await whilePlanted(wallClock, () => run('tidy', 'time'));

    expect(clean.green, clean.output).toBe(true);
    expect(red.green).toBe(false);
    expect(red.output).toContain('planted-time.ts:3: Date.now is not allowed here');
  });
});
