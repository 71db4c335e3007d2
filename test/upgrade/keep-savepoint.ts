// Makes a savepoint of this version and keeps it: run once per released format of state.
//   node --conditions=millrace-src test/upgrade/keep-savepoint.ts <name>
// What an undisturbed run of the same version gives is kept beside it.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  eventLines,
  eventsBefore,
  eventsInAll,
  openProject,
  savepointFolder,
} from './savepoint-project.ts';

const [name] = process.argv.slice(2);
if (name === undefined) throw new Error('name the folder: keep-savepoint.ts format-1');
const kept = join(dirname(fileURLToPath(import.meta.url)), 'fixtures', name);
const work = mkdtempSync(join(tmpdir(), 'keep-savepoint-'));
try {
  const lines = eventLines(eventsInAll);
  const half = join(work, 'half');
  mkdirSync(half);
  writeFileSync(join(half, 'events.jsonl'), `${lines.slice(0, eventsBefore).join('\n')}\n`);
  const first = await openProject(half);
  await first.run({ untilEnd: true });
  await first.savepoints.create('kept');
  await first.close();

  const whole = join(work, 'whole');
  mkdirSync(whole);
  writeFileSync(join(whole, 'events.jsonl'), `${lines.join('\n')}\n`);
  const undisturbed = await openProject(whole);
  await undisturbed.run({ untilEnd: true });
  mkdirSync(kept, { recursive: true });
  for (const view of ['on_arrival', 'on_watermark']) {
    await undisturbed.export(view, join(kept, `${view}.jsonl`));
  }
  await undisturbed.close();
  cpSync(join(whole, 'events.jsonl'), join(kept, 'events.jsonl'));
  cpSync(savepointFolder(half), savepointFolder(kept), { recursive: true });
} finally {
  rmSync(work, { recursive: true, force: true });
}
