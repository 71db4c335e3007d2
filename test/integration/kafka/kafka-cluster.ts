// Real Kafka brokers for tests: KRaft, broker and controller in one process, on free ports of the
// loopback, data in a temporary folder. Each stops by its own process; nothing outlives the test.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, noJava, stopped } from '../service.ts';
import { kafkaLibraries, logSettings, runJava } from './java-tools.ts';

export interface KafkaOptions {
  /** 1 (default) or 3; topics and internal topics are replicated to all of them, two must agree. */
  readonly brokerCount?: 1 | 3;
  /** More lines of `server.properties`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** More listeners besides PLAINTEXT: name → security protocol. */
  readonly listeners?: Readonly<Record<string, 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'>>;
  /** Arguments of the storage tool, e.g. `--add-scram`. */
  readonly format?: readonly string[];
  readonly heapMb?: number;
}

export interface KafkaNode {
  readonly id: number;
  /** `127.0.0.1:port` of its PLAINTEXT listener. */
  readonly address: string;
  /** SIGKILL: the broker is gone without a word. */
  kill(): Promise<void>;
  /** SIGSTOP: the broker keeps its connections and answers nothing. */
  freeze(): void;
  /** SIGTERM and wait: leaders move away first. */
  shutDown(): Promise<void>;
  /** Starts it again on the same ports and data; resolves once it serves. */
  start(): Promise<void>;
  log(): Promise<string>;
}

export interface KafkaCluster {
  readonly brokers: readonly string[];
  readonly nodes: readonly KafkaNode[];
  /** Addresses of a further listener, by its name. */
  addresses(listener: string): readonly string[];
  stop(): Promise<void>;
}

interface NodePlan {
  readonly id: number;
  readonly controllerPort: number;
  readonly ports: ReadonlyMap<string, number>;
}

/** Starts brokers and waits until they serve: 4–8 s for one, about 15 s for three. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaCluster> {
  await kafkaLibraries();
  const folder = await mkdtemp(join(tmpdir(), 'millrace-kafka-'));
  const listeners = ['PLAINTEXT', ...Object.keys(options.listeners ?? {})];
  const plans: NodePlan[] = [];
  for (let id = 1; id <= (options.brokerCount ?? 1); id++) {
    const ports = new Map<string, number>();
    for (const listener of listeners) ports.set(listener, await freePort());
    plans.push({ id, controllerPort: await freePort(), ports });
  }
  const nodes = await Promise.all(plans.map((plan) => createNode(folder, plan, plans, options)));
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all(nodes.map((node) => node.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  const addresses = (listener: string): readonly string[] =>
    plans.map(({ ports }) => `127.0.0.1:${ports.get(listener)}`);
  return { brokers: addresses('PLAINTEXT'), nodes, addresses, stop };
}

async function createNode(
  root: string,
  plan: NodePlan,
  plans: readonly NodePlan[],
  options: KafkaOptions,
): Promise<KafkaNode> {
  const folder = join(root, `broker-${plan.id}`);
  const logFile = join(folder, 'log.txt');
  const propertiesFile = join(folder, 'server.properties');
  await mkdir(folder);
  await writeFile(propertiesFile, propertiesOf(folder, plan, plans, options));
  const format = ['format', '-t', '4L6g3nShT-eMCtK--X86sw', '-c', propertiesFile];
  await runJava('kafka.tools.StorageTool', [...format, ...(options.format ?? [])]);
  let child: ChildProcess | null = null;
  const log = (): Promise<string> => readFile(logFile, 'utf8');
  return {
    id: plan.id,
    address: `127.0.0.1:${plan.ports.get('PLAINTEXT')}`,
    log,
    async start() {
      await writeFile(logFile, '');
      child = await launch(propertiesFile, logFile, options.heapMb ?? 384);
      await untilServing(child, log);
    },
    freeze: () => void child?.kill('SIGSTOP'),
    async kill() {
      if (child !== null) await stopped(child);
      child = null;
    },
    async shutDown() {
      const ending = child;
      child = null;
      if (ending === null || ending.exitCode !== null) return;
      const exit = new Promise((resolve) => ending.once('exit', resolve));
      ending.kill('SIGTERM');
      await exit;
    },
  };
}

async function launch(properties: string, logFile: string, heapMb: number): Promise<ChildProcess> {
  const heap = [`-Xms${Math.min(128, heapMb)}m`, `-Xmx${heapMb}m`, '-XX:+UseSerialGC'];
  const settings = ['-Djava.awt.headless=true', ...logSettings('INFO')];
  const main = ['-cp', await kafkaLibraries(), 'kafka.Kafka', properties];
  const output = openSync(logFile, 'a');
  const child = spawn('java', [...heap, ...settings, ...main], {
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  return child;
}

async function untilServing(child: ChildProcess, log: () => Promise<string>): Promise<void> {
  let failure: Error | null = null;
  child.once('error', (error) => {
    failure = (error as { code?: unknown }).code === 'ENOENT' ? noJava('java') : error;
  });
  for (let tries = 0; ; tries++) {
    const text = await log();
    if (text.includes('Kafka Server started')) return;
    if (failure !== null) throw failure;
    const isOver = child.exitCode !== null || child.signalCode !== null;
    if (isOver || tries > 1200) {
      await stopped(child);
      throw new Error(`the broker did not start:\n${text.slice(-4000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function propertiesOf(
  folder: string,
  plan: NodePlan,
  plans: readonly NodePlan[],
  options: KafkaOptions,
): string {
  const count = String(plans.length);
  const agree = plans.length === 1 ? '1' : '2';
  const listeners = [...plan.ports].map(([name, port]) => `${name}://127.0.0.1:${port}`);
  const protocols = Object.entries({
    PLAINTEXT: 'PLAINTEXT',
    CONTROLLER: 'PLAINTEXT',
    ...options.listeners,
  });
  const voters = plans.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`);
  const settings: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': String(plan.id),
    'controller.quorum.voters': voters.join(','),
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${plan.controllerPort}`].join(','),
    'advertised.listeners': listeners.join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': protocols.map((pair) => pair.join(':')).join(','),
    'log.dirs': join(folder, 'data'),
    'num.network.threads': '2',
    'num.io.threads': '4',
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': count,
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': count,
    'transaction.state.log.min.isr': agree,
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': count,
    'share.coordinator.state.topic.min.isr': agree,
    'share.coordinator.state.topic.num.partitions': '1',
    'default.replication.factor': count,
    'min.insync.replicas': agree,
    'group.initial.rebalance.delay.ms': '0',
    'log.cleaner.dedupe.buffer.size': '20971520',
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    ...options.settings,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
