// Pushes purchases over HTTP and from a program, asks for features of a checkout, and makes a training
// set of them: the same values. Everything lies in one folder that can be deleted.
//   node --conditions=millrace-src examples/on-demand/demo.ts [folder]
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { millrace } from 'millrace';
import { checkout, purchases, userSpend } from './features.ts';
import config from './millrace.config.ts';

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'millrace-on-demand-'));
const app = await millrace(config, { baseDirectory: folder });
const stop = new AbortController();
const started = Promise.withResolvers<void>();
const running = app.run({ signal: stop.signal, onProgress: () => started.resolve() });
await started.promise;
const server = await app.serve({ port: 0 });

const now = Date.now();
await app.push(purchases, [{ user_id: 'u1', amount: 10, ts: now - 60_000 }]);
const pushed = await fetch(`${server.url}/push`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    push_source_name: 'purchases',
    df: { user_id: ['u1', 'u2'], amount: [30, 5], ts: [now - 30_000, now - 30_000] },
  }),
});
console.log(`pushed: ${pushed.status}`);

let spend = await app.store.get(userSpend, { user_id: 'u1' });
while (spend.values.purchases_1h !== 2) {
  await sleep(20);
  spend = await app.store.get(userSpend, { user_id: 'u1' });
}

const read = await app.store.get(checkout, { user_id: 'u1' }, { cart_amount: 80, channel: 'app' });
console.log('by the program:', JSON.stringify(read.values));

const answer = await fetch(`${server.url}/get-online-features`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    features: ['checkout:times_usual', 'checkout:spend_with_cart', 'checkout:is_first'],
    entities: { user_id: ['u1', 'nobody'], cart_amount: [80, 80] },
  }),
});
console.log('over HTTP:', await answer.text());

stop.abort();
await running;
const labels = join(folder, 'labels.csv');
const at = new Date(now).toISOString();
writeFileSync(labels, `user_id,event_timestamp,cart_amount,channel\nu1,${at},80,app\n`);
const out = join(folder, 'train.jsonl');
await app.train({ views: [checkout], entities: labels, out });
console.log('for training:', readFileSync(out, 'utf8').trim());
await app.close();
