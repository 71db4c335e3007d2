// How to reach a cluster: addresses, encryption, who we are. Checked when a binding is made, so that
// a slip is found before anything is opened.
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';

/** Certificates for a connection with TLS, as PEM text. */
export interface KafkaTls {
  /** Authorities that the broker's certificate may come from. Default: those that Node trusts. */
  readonly ca?: string;
  /** Our own certificate and key, where brokers ask for one. */
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
  /** The name that the broker's certificate must have. Default: the host of its address. */
  readonly serverName?: string;
  /** False accepts any certificate. Default true. */
  readonly verify?: boolean;
}

/** Who we are. A function is asked for each connection, so that secrets may change. */
export type KafkaSasl =
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
      readonly username: string;
      readonly password: string | (() => string | Promise<string>);
    }
  | {
      readonly mechanism: 'OAUTHBEARER';
      readonly token: string | (() => string | Promise<string>);
    };

/** How to reach a cluster. */
export interface KafkaAccess {
  /** `host:port` of one or more brokers; the others are found through them. */
  readonly brokers: readonly string[];
  /** `true`, or certificates. Default: not encrypted. */
  readonly tls?: boolean | KafkaTls;
  readonly sasl?: KafkaSasl;
}

/** What the client library takes for connections. */
export interface ConnectionOptions {
  readonly connectTimeout: number;
  readonly requestTimeout: number;
  readonly tls?: Readonly<Record<string, unknown>>;
  readonly sasl?: KafkaSasl;
}

const connectTimeoutMs = 5000;
const requestTimeoutMs = 30_000;

/** Options of the client library's `Connection`. */
export function connectionOptions({ tls, sasl }: KafkaAccess): ConnectionOptions {
  return {
    connectTimeout: connectTimeoutMs,
    requestTimeout: requestTimeoutMs,
    ...(tls === undefined || tls === false ? {} : { tls: tlsOptions(tls === true ? {} : tls) }),
    ...(sasl === undefined ? {} : { sasl }),
  };
}

/** Options of the client library's `Admin`, `Producer` and `Consumer`. */
export function clientOptions(
  access: KafkaAccess,
  clientId: string,
): ConnectionOptions & { readonly clientId: string; readonly bootstrapBrokers: string[] } {
  return { ...connectionOptions(access), clientId, bootstrapBrokers: [...access.brokers] };
}

function tlsOptions(tls: KafkaTls): Readonly<Record<string, unknown>> {
  const { serverName, verify, ...certificates } = tls;
  return {
    ...certificates,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(verify === undefined ? {} : { rejectUnauthorized: verify }),
  };
}

const mechanisms: readonly string[] = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'];

/** Throws MR_CONFIG_INVALID for what can be no access to a cluster. */
export function checkAccess(access: KafkaAccess): void {
  const { brokers, sasl } = access;
  if (!Array.isArray(brokers) || brokers.length === 0) {
    refuse('`brokers` names no broker', "write brokers: ['localhost:9092']");
  }
  for (const broker of brokers) brokerAddress(broker);
  if (sasl === undefined) return;
  if (!mechanisms.includes(sasl.mechanism)) {
    refuse(`sasl.mechanism is ${JSON.stringify(sasl.mechanism)}`, `use ${mechanisms.join(', ')}`);
  }
  const needed = sasl.mechanism === 'OAUTHBEARER' ? ['token'] : ['username', 'password'];
  const missing = needed.find((name) => !(sasl as unknown as Record<string, unknown>)[name]);
  if (missing !== undefined) refuse(`sasl has no ${missing}`, `give sasl a ${missing}`);
}

/** Host and port of `host:port` or `[address]:port`. */
export function brokerAddress(broker: unknown): { readonly host: string; readonly port: number } {
  const found = typeof broker === 'string' ? /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(broker) : null;
  const port = Number(found?.[3]);
  if (found === null || port < 1 || port > 65_535) {
    return refuse(`broker ${JSON.stringify(broker)} is no address`, "write it as 'localhost:9092'");
  }
  return { host: found[1] ?? found[2] ?? '', port };
}

function refuse(message: string, fix: string): never {
  throw new MillraceError('MR_CONFIG_INVALID', `kafka(…): ${message}`, { fix });
}
