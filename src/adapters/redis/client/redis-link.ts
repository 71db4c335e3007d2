// One connection to a server or a cluster, behind the few calls that a store makes. It reconnects by
// itself; a command that is lost with a connection fails, and whoever sent it decides whether to send
// it again: nothing is queued while there is no connection.
import type { Clock } from '../../../kernel/clock.ts';
import type { ResolvedRedisOptions } from '../redis-options.ts';
import { type RedisClient, loadClient } from './load-client.ts';
import { openFailure, troubleOf } from './redis-errors.ts';

export type Argument = string | Buffer;

/** How replies are given: text as buffers, or as strings. */
export type ReplyText = 'bytes' | 'text';

export interface RedisLink {
  readonly name: string;
  readonly isCluster: boolean;
  /** Whether commands can be sent at the moment. */
  readonly isReady: boolean;
  /** Sends a command; `key` says which node of a cluster it is for. */
  send(key: Argument, args: readonly Argument[], reply?: ReplyText): Promise<unknown>;
  /** Sends a command to each server that takes writes. */
  sendToAll(args: readonly Argument[], reply?: ReplyText): Promise<readonly unknown[]>;
  /** For each server that takes writes: sends a command to it alone. */
  servers(): Promise<readonly ServerSend[]>;
  /** Connects anew: the server behind the address may be another one. */
  renew(): Promise<void>;
  close(): void;
}

export type ServerSend = (args: readonly Argument[], reply?: ReplyText) => Promise<unknown>;

interface Connection {
  readonly isReady: boolean;
  send(key: Argument, args: Argument[], mapping: object): Promise<unknown>;
  servers(): Promise<readonly ((args: Argument[], mapping: object) => Promise<unknown>)[]>;
  close(): void;
}

const connectTimeoutMs = 5000;
/** A connection on which nothing comes back for so long is given up; pings keep idle ones alive. */
const silenceMs = 30_000;
const pingIntervalMs = 5000;
const longestPauseMs = 1000;

const replies = {
  bytes: { 36: Buffer },
  text: {},
} as const satisfies Record<ReplyText, object>;

/** Connects; throws MR_STORE_OPEN when nobody answers in time, or refuses us. */
export async function openLink(options: ResolvedRedisOptions, clock: Clock): Promise<RedisLink> {
  const client = await loadClient();
  const open = (): Promise<Connection> =>
    options.isCluster ? openCluster(client, options) : openServer(client, options);
  let connection = await openPatiently(open, options, clock);
  const { name, isCluster } = options;
  const servers = async (): Promise<readonly ServerSend[]> => {
    const found = await connection.servers();
    return found.map(
      (send) =>
        (args, reply = 'text') =>
          send([...args], replies[reply]),
    );
  };
  return {
    name,
    isCluster,
    get isReady() {
      return connection.isReady;
    },
    send: (key, args, reply = 'text') =>
      connection.send(key, args as Argument[], { typeMapping: replies[reply] }),
    servers,
    sendToAll: async (args, reply = 'text') =>
      Promise.all((await servers()).map((send) => send(args, reply))),
    async renew() {
      const before = connection;
      connection = await openPatiently(open, options, clock);
      before.close();
    },
    close: () => connection.close(),
  };
}

async function openPatiently(
  open: () => Promise<Connection>,
  { name, openTimeoutMs }: ResolvedRedisOptions,
  clock: Clock,
): Promise<Connection> {
  const untilMs = clock.monotonicMs() + openTimeoutMs;
  for (;;) {
    try {
      return await open();
    } catch (error) {
      const isPassing = troubleOf(error) !== null;
      if (!isPassing || clock.monotonicMs() >= untilMs) throw openFailure(name, error);
      await clock.sleep(200);
    }
  }
}

function socketOptions({ tls, urls }: ResolvedRedisOptions, reconnects: boolean): object {
  const reconnectStrategy = (tries: number): number => Math.min(longestPauseMs, 20 * 2 ** tries);
  const isEncrypted = tls !== null || urls[0]?.startsWith('rediss:') === true;
  const { serverName, verify, ...certificates } = tls ?? {};
  return {
    connectTimeout: connectTimeoutMs,
    socketTimeout: silenceMs,
    reconnectStrategy: reconnects ? reconnectStrategy : false,
    ...(isEncrypted ? { tls: true } : {}),
    ...certificates,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(verify === undefined ? {} : { rejectUnauthorized: verify }),
  };
}

function loginOptions({ urls, username, password }: ResolvedRedisOptions): object {
  if (typeof password === 'function') {
    const user = username ?? (decodeURIComponent(new URL(urls[0] ?? '').username) || undefined);
    const credentials = async (): Promise<object> => ({
      ...(user === undefined ? {} : { username: user }),
      password: await password(),
    });
    return { credentialsProvider: { type: 'async-credentials-provider', credentials } };
  }
  return {
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
  };
}

function clientOptions(options: ResolvedRedisOptions, reconnects: boolean): object {
  return {
    RESP: 2,
    ...loginOptions(options),
    socket: socketOptions(options, reconnects),
    disableOfflineQueue: true,
    disableClientInfo: true,
    pingInterval: pingIntervalMs,
    maintNotifications: 'disabled',
  };
}

async function openServer(
  { createClient }: RedisClient,
  options: ResolvedRedisOptions,
): Promise<Connection> {
  const [url = ''] = options.urls;
  let hasBeenReady = false;
  const settings = clientOptions(options, true) as { socket: { reconnectStrategy: unknown } };
  const { reconnectStrategy } = settings.socket;
  settings.socket.reconnectStrategy = (tries: number): unknown =>
    hasBeenReady && typeof reconnectStrategy === 'function' ? reconnectStrategy(tries) : false;
  const client = createClient({ url, ...settings } as Parameters<typeof createClient>[0]);
  // The command that fails says it; without a listener the process would end.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    client.destroy();
    throw error;
  }
  hasBeenReady = true;
  const send = (args: Argument[], mapping: object): Promise<unknown> =>
    client.sendCommand(args, mapping);
  return {
    get isReady() {
      return client.isReady;
    },
    send: (_key, args, mapping) => client.sendCommand(args, mapping),
    servers: () => Promise.resolve([(args, typeMapping) => send(args, { typeMapping })]),
    close: () => client.destroy(),
  };
}

async function openCluster(
  { createCluster }: RedisClient,
  options: ResolvedRedisOptions,
): Promise<Connection> {
  const cluster = createCluster({
    RESP: 2,
    rootNodes: options.urls.map((url) => ({ url, ...clientOptions(options, false) })),
    defaults: { ...credentialsOf(options), ...clientOptions(options, true) },
  } as Parameters<typeof createCluster>[0]);
  cluster.on('error', () => undefined);
  try {
    await cluster.connect();
  } catch (error) {
    cluster.destroy();
    throw error;
  }
  return {
    get isReady() {
      return cluster.isOpen;
    },
    send: (key, args, mapping) => cluster.sendCommand(key, false, args, mapping),
    servers: () =>
      Promise.all(
        cluster.masters.map(async (master) => {
          const client = await cluster.nodeClient(master);
          return (args: Argument[], typeMapping: object) =>
            client.sendCommand(args, { typeMapping }) as Promise<unknown>;
        }),
      ),
    close: () => cluster.destroy(),
  };
}

/** User and password of the address are those of every node. */
function credentialsOf({ urls }: ResolvedRedisOptions): object {
  const { username, password } = new URL(urls[0] ?? '');
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
  };
}
