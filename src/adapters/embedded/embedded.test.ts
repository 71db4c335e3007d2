import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { encodeKey } from '../../kernel/key-encoding.ts';
import type { OnlineStore, StoredView } from '../../ports/online-store.ts';
import { testOnlineStore } from '../../testing/conformance/online-store.ts';
import { vectorBatch } from '../../testing/vectors.ts';
import { embedded } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-embedded-'));
let folders = 0;
const mountAny = 'unshare -rm mount -t tmpfs none /tmp';
const canMount: boolean = spawnSync('/bin/sh', ['-c', mountAny]).status === 0;

afterAll(() => rmSync(root, { recursive: true, force: true }));

function freshFolder(): string {
  folders += 1;
  return join(root, `store-${folders}`);
}

testOnlineStore('the embedded store', { create: () => embedded(freshFolder()) });
testOnlineStore('the embedded store that syncs each write', {
  create: () => embedded(freshFolder(), { syncEachWrite: true }),
});

const view: StoredView = {
  view: 'v',
  key: [{ name: 'id', type: { kind: 'int64' }, nullable: false }],
  features: [
    { name: 'n', type: { kind: 'count' }, nullable: false },
    { name: 'label', type: { kind: 'string' }, nullable: true },
  ],
  fingerprint: 'v-1',
};

function open(
  folder: string,
  mode: 'read' | 'write' = 'write',
  stored: StoredView = view,
): Promise<OnlineStore> {
  return embedded(folder).open({ project: 'p', baseDirectory: root, mode, views: [stored] });
}

function batch(from: number, count: number, asOfMs = 1) {
  const rows = Array.from({ length: count }, (_, i) => ({
    key: { id: BigInt(from + i) },
    values: { n: from + i, label: 'x'.repeat(200) },
    asOfMs,
    seq: 1,
  }));
  return vectorBatch(view, rows);
}

async function refusal(promise: Promise<unknown>): Promise<MillraceError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof MillraceError) return error;
  throw new Error(`expected a MillraceError, got ${String(error)}`);
}

const keyOf = (id: number): Uint8Array => encodeKey(view.key, { id });

interface Child {
  /** Everything it printed, once it ended. */
  readonly ended: Promise<string>;
  /** Resolves when it printed `mark`; rejects when it ends without. */
  printed(mark: string): Promise<void>;
  kill(): void;
}

/** Runs a module of ours in another process. */
function runChild(body: string, inShell = (command: string) => `exec ${command}`): Child {
  const script = join(root, `child-${folders++}.ts`);
  const here = import.meta.dirname;
  const imports = `import { embedded } from '${here}/index.ts';
import { vectorBatch } from '${here}/../../testing/vectors.ts';
const view = ${JSON.stringify(view)};
const open = (folder, mode) =>
  embedded(folder).open({ project: 'p', baseDirectory: '.', mode, views: [view] });
const batch = (from, count, asOfMs) => vectorBatch(view, Array.from({ length: count }, (_, i) => ({
  key: { id: BigInt(from + i) }, values: { n: from + i, label: 'x'.repeat(200) }, asOfMs, seq: 1,
})));
`;
  writeFileSync(script, imports + body);
  const command = `"${process.execPath}" --conditions=millrace-src "${script}"`;
  const child = spawn('/bin/sh', ['-c', inShell(command)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const ended = new Promise<string>((resolve) => child.on('close', () => resolve(output)));
  return {
    ended,
    kill: () => child.kill('SIGKILL'),
    async printed(mark) {
      let isOver = false;
      void ended.then(() => (isOver = true));
      while (!output.includes(mark)) {
        if (isOver) throw new Error(`ended without ${mark}: ${output}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
}

describe('an embedded store', () => {
  it('keeps its rows over a restart', async () => {
    const folder = freshFolder();
    const first = await open(folder);
    await first.write(batch(1, 10));
    await first.close();
    await first.close();
    const second = await open(folder);
    expect((await second.read('v', [keyOf(10), keyOf(11)])).map((r) => r !== null)).toEqual([
      true,
      false,
    ]);
    await second.close();
  });

  it('lets one process write at a time and says which one does', async () => {
    const folder = freshFolder();
    const first = await open(folder);
    const error = await refusal(open(folder));
    expect(error.code).toBe('MR_STORE_OPEN');
    expect(error.message).toContain(`process ${process.pid}`);
    await first.close();
    await (await open(folder)).close();
  });

  it('says that a folder holds no store yet, or something else', async () => {
    expect(await refusal(open(freshFolder(), 'read'))).toMatchObject({
      code: 'MR_STORE_OPEN',
      fix: expect.stringContaining('millrace run'),
    });
    const folder = freshFolder();
    mkdirSync(folder);
    for (const foreign of ['x', 'not a database '.repeat(2000), '\0'.repeat(100_000)]) {
      writeFileSync(join(folder, 'data.mdb'), foreign);
      expect((await refusal(open(folder))).message).toContain('is not a store of millrace');
    }
    const file = join(root, 'a-file');
    writeFileSync(file, '');
    expect((await refusal(open(join(file, 'store')))).code).toBe('MR_STORE_OPEN');
  });

  it('refuses rows of another definition and names what differs', async () => {
    const folder = freshFolder();
    await (await open(folder)).close();
    const changed: StoredView = {
      ...view,
      features: [
        { name: 'n', type: { kind: 'float64' }, nullable: true },
        { name: 'title', type: { kind: 'string' }, nullable: true },
      ],
      fingerprint: 'v-2',
    };
    for (const mode of ['write', 'read'] as const) {
      const error = await refusal(open(folder, mode, changed));
      expect(error.code).toBe('MR_STORE_SCHEMA');
      expect(error.message).toContain(
        'feature title is new; feature label is gone; feature n count is now n float64?',
      );
      expect(error.fix).toContain(`delete ${folder}`);
    }
  });

  it('refuses a store that was being written when the machine went down', async () => {
    const folder = freshFolder();
    await (await open(folder)).close();
    const lock = { pid: 1, started: '1', bootId: 'another', synced: false };
    writeFileSync(join(folder, 'writer.lock'), JSON.stringify(lock));
    const error = await refusal(open(folder));
    expect(error.message).toContain('the machine went down');
    writeFileSync(join(folder, 'writer.lock'), JSON.stringify({ ...lock, synced: true }));
    await (await open(folder)).close();
  });
});

describe('an embedded store between processes', { timeout: 30_000 }, () => {
  it('shows each commit to a reader beside the writer', async () => {
    const folder = freshFolder();
    const writer = await open(folder);
    await writer.write(batch(1, 1, 1));
    const reader = runChild(`
const store = await open('${folder}', 'read');
console.log('sees ' + store.greatestAsOfMs());
while (store.greatestAsOfMs() < 2) await new Promise((r) => setTimeout(r, 5));
console.log('sees ' + store.greatestAsOfMs());
await store.close();`);
    await reader.printed('sees 1');
    await writer.write(batch(2, 1, 2));
    await reader.printed('sees 2');
    await reader.ended;
    await writer.close();
  });

  it('is whole after its writer was killed, and can be written again', async () => {
    const folder = freshFolder();
    const child = runChild(`
const store = await open('${folder}', 'write');
for (let i = 1; ; i++) {
  await store.write(batch(0, 500, i));
  if (i === 20) console.log('going');
}`);
    await child.printed('going');
    child.kill();
    await child.ended;
    expect(readFileSync(join(folder, 'writer.lock'), 'utf8')).toContain('pid');

    const store = await open(folder);
    const greatest = store.greatestAsOfMs() ?? 0;
    expect(greatest).toBeGreaterThanOrEqual(20);
    let rows = 0;
    for await (const { row } of store.scan('v')) {
      rows += 1;
      expect(Buffer.from(row).readDoubleLE(8)).toBe(greatest);
    }
    expect(rows).toBe(500);
    await store.write(batch(0, 1, greatest + 1));
    await store.close();
  });

  it('reports a file that may not be longer and keeps the state before it', async () => {
    const folder = freshFolder();
    const lines = (await fillStore(folder, (command) => `ulimit -f 8192; exec ${command}`)).lines;
    const written = expectFull(lines);
    const store = await open(folder);
    await store.write(batch(written * 1000, 1000, written + 1));
    expect(store.greatestAsOfMs()).toBe(written + 1);
    await store.close();
  });

  it.skipIf(!canMount)('reports a full disk and keeps the state before it', async () => {
    const disk = freshFolder();
    mkdirSync(disk);
    // Only this process and what it starts see the disk.
    const mount = `mount -t tmpfs -o size=12m none ${disk}`;
    const { lines, isMapped } = await fillStore(
      join(disk, 'store'),
      (command) => `exec unshare -rm /bin/sh -c '${mount} && exec ${command}'`,
    );
    expectFull(lines);
    expect(isMapped).toBe(process.platform === 'linux');
  });
});

interface FilledStore {
  readonly lines: readonly string[];
  /** Whether the file was as long as its map while it was written. */
  readonly isMapped: boolean;
}

/** Writes until it fails, reads everything, opens the store once more and reads again. */
async function fillStore(
  folder: string,
  inShell: (command: string) => string,
): Promise<FilledStore> {
  const child = runChild(
    `
import { statSync } from 'node:fs';
let store = await open('${folder}', 'write');
const isMapped = statSync('${folder}/data.mdb').size >= 2 ** 30;
let written = 0;
try {
  for (; written < 100; written++) await store.write(batch(written * 1000, 1000, written + 1));
} catch (error) {
  console.log(JSON.stringify({ written, code: error.code, message: error.message, fix: error.fix }));
}
const show = async () => {
  let rows = 0;
  for await (const { row } of store.scan('v')) rows += row.length > 200 ? 1 : 0;
  console.log(JSON.stringify({ rows, greatest: store.greatestAsOfMs() }));
  await store.close();
};
await show();
store = await open('${folder}', 'read');
await show();
console.log(JSON.stringify({ isMapped }));`,
    inShell,
  );
  const lines = (await child.ended).trim().split('\n');
  const { isMapped } = JSON.parse(lines.pop() ?? '{}') as { isMapped: boolean };
  return { lines, isMapped };
}

/** How many batches of a thousand rows were written before it failed. */
function expectFull(lines: readonly string[]): number {
  const failed = JSON.parse(lines[0] ?? '{}') as { written: number; code: string };
  expect(failed.code).toBe('MR_STORE_FULL');
  expect(failed.written).toBeGreaterThan(0);
  const left = { rows: failed.written * 1000, greatest: failed.written };
  expect(lines.slice(1).map((line) => JSON.parse(line) as unknown)).toEqual([left, left]);
  return failed.written;
}
