import { expect, it } from 'vitest';
import { virtualClock } from '../../../testing/virtual-clock.ts';
import type { Argument, RedisLink } from '../client/redis-link.ts';
import { ScriptSender } from './script-sender.ts';

const script = { text: 'return 1', sha: 'abc' };

/** A server that answers each command as it is told to. */
function subject(answer: (args: readonly Argument[]) => Promise<unknown>, inFlightMax = 2) {
  const clock = virtualClock();
  const sent: (readonly Argument[])[] = [];
  const notices: string[] = [];
  const link: RedisLink = {
    name: 'r',
    isCluster: false,
    isReady: true,
    send: (_key, args) => {
      sent.push(args);
      return answer(args);
    },
    sendToAll: () => Promise.resolve([]),
    servers: () => Promise.resolve([]),
    renew: () => Promise.resolve(),
    close: () => undefined,
  };
  const onNotice = (text: string): void => void notices.push(text);
  const sender = new ScriptSender({ link, clock, inFlightMax, onNotice });
  const replies: unknown[] = [];
  let calls = 0;
  const send = (): Promise<void> =>
    sender.send({
      script,
      keys: ['k'],
      args: () => [String(++calls)],
      done: (reply) => replies.push(reply),
    });
  return { clock, sent, notices, replies, sender, send };
}

it('sends the text of a script that the server does not know', async () => {
  const { sent, send, replies } = subject(([name]) =>
    name === 'EVALSHA'
      ? Promise.reject(new Error('NOSCRIPT No matching script'))
      : Promise.resolve(7),
  );
  await send();
  expect(sent.map(([name]) => name)).toEqual(['EVALSHA', 'EVAL']);
  expect(sent[1]).toEqual(['EVAL', 'return 1', '1', 'k', '1']);
  expect(replies).toEqual([7]);
});

it('sends again what was not acknowledged, and tells trouble that lasts once', async () => {
  const { send, clock, notices, sender, replies } = subject(() =>
    clock.nowMs() < 5000
      ? Promise.reject(new Error('OOM command not allowed'))
      : Promise.resolve(1),
  );
  const sent = send();
  await clock.advance(900);
  expect(notices).toEqual([]);
  await clock.advance(3000);
  expect(sender.trouble).toContain('no memory left');
  await clock.advance(3000);
  await sent;
  expect(replies).toEqual([1]);
  expect(notices).toHaveLength(2);
  expect(notices[0]).toContain('nothing is lost');
  expect(notices[1]).toContain('takes writes again');
  expect(sender.trouble).toBeNull();
});

it('has no more under way than it may', async () => {
  const waiting: (() => void)[] = [];
  const { send, sent } = subject(() => new Promise<void>((resolve) => waiting.push(resolve)));
  const all = [send(), send(), send(), send()];
  await Promise.resolve();
  expect(sent).toHaveLength(2);
  for (let i = 0; i < all.length; i++) {
    waiting[i]?.();
    await all[i];
  }
  expect(sent).toHaveLength(4);
});

it('throws what no waiting mends, and what it waits for when told to give up', async () => {
  const refused = subject(() => Promise.reject(new Error('NOPERM no permissions')));
  await expect(refused.send()).rejects.toMatchObject({ code: 'MR_STORE_OPEN' });
  const away = subject(() => Promise.reject(new Error('LOADING Redis is loading')));
  const sent = away.send();
  await away.clock.advance(100);
  away.sender.giveUp();
  const failed = expect(sent).rejects.toMatchObject({ code: 'MR_STORE_AWAY' });
  await away.clock.advance(2000);
  await failed;
});
