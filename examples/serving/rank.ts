// A service that ranks offers by features of its users: `millrace/client` reads them over HTTP, typed by
// the definitions. Run the server first (docs/serving.md), then:
// node --conditions=millrace-src examples/serving/rank.ts http://localhost:6566
import { createClient } from 'millrace/client';
import { userSpend } from '../shop/features/shop.ts';

const [url = 'http://localhost:6566', ...users] = process.argv.slice(2);

const features = createClient(url, {
  views: { userSpend },
  deadlineMs: 200,
  ...(process.env['FEATURES_TOKEN'] ? { token: process.env['FEATURES_TOKEN'] } : {}),
});

async function offerOf(user_id: string): Promise<string> {
  const { values, status, ageMs, isFallback } = await features.get(
    userSpend,
    { user_id },
    { fallback: { spend_1h: 0, purchases_1h: 0 } },
  );
  const offer = (values.spend_1h ?? 0) > 100 ? 'premium' : 'standard';
  const age = ageMs === null ? 'never seen' : `${Math.round(ageMs / 1000)} s old`;
  return `${user_id}: ${offer} (${isFallback ? 'server away' : `${status.spend_1h}, ${age}`})`;
}

// One request for all of them: reads of one turn are sent together.
const wanted = users.length > 0 ? users : ['u1', 'u2', 'nobody'];
for (const line of await Promise.all(wanted.map(offerOf))) console.log(line);
