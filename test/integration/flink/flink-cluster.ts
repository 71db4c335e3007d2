// A Flink session cluster on loopback: JobManager, one TaskManager, SQL gateway. Its processes are
// known by the ids in `pids/` of its folder, and are ended by them alone.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { flinkVersion } from './flink-install.ts';

export interface ClusterOptions {
  /** What `installFlink` returned. */
  readonly dist: string;
  /** For configuration, logs, process ids and checkpoints. */
  readonly directory: string;
  /** JobManager's REST; the gateway's and the RPC's are the next two. Default 28381. */
  readonly port?: number;
  /** Share of memory that RocksDB gets; the heap gets what is left. Default 0.1. */
  readonly managedFraction?: number;
  /** Of the TaskManager process. Default 4096m. */
  readonly memory?: string;
  /** Jars beside those of Flink's own `lib`. */
  readonly jars?: readonly string[];
  /** Instead of the distribution's: a folder for each. */
  readonly plugins?: string;
  /** More of the configuration. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface Cluster {
  readonly jobManager: string;
  readonly gateway: string;
  readonly taskManagerPid: number;
  readonly directory: string;
}

const roles = ['gateway', 'taskmanager', 'jobmanager'] as const;
const slots = 2;
const readyTimeoutMs = 60_000;

/** Starts the three processes and waits until jobs can be submitted. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { dist, directory, port = 28_381 } = options;
  await stopCluster(directory);
  for (const name of ['conf', 'log', 'pids', 'checkpoints', 'tmp']) {
    mkdirSync(join(directory, name), { recursive: true });
  }
  writeFileSync(join(directory, 'conf', 'config.yaml'), configuration(options, port));
  writeFileSync(join(directory, 'conf', 'log4j.properties'), logging);
  const classPath = classPathOf(options);
  const conf = ['--configDir', join(directory, 'conf')];
  const start = (role: string, heap: readonly string[], main: readonly string[], path: string) =>
    launch({ ...options, role, args: [...heap, '-cp', path, ...main] });
  const entry = 'org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint';
  start('jobmanager', ['-Xmx700m'], [entry, ...conf, '--executionMode', 'cluster'], classPath);
  const taskManagerPid = startTaskManager(options);
  const gatewayJar = join(dist, 'opt', `flink-sql-gateway-${flinkVersion}.jar`);
  const gatewayMain = 'org.apache.flink.table.gateway.SqlGateway';
  start('gateway', ['-Xmx700m'], [gatewayMain], `${classPath}:${gatewayJar}`);
  const cluster = {
    jobManager: `http://127.0.0.1:${port}`,
    gateway: `http://127.0.0.1:${port + 1}`,
    taskManagerPid,
    directory,
  };
  await ready(cluster);
  return cluster;
}

/** Starts a TaskManager of a cluster, beside those that run or in place of one that was killed. */
export function startTaskManager(options: ClusterOptions): number {
  const { dist, directory } = options;
  const path = classPathOf(options);
  const conf = ['--configDir', join(directory, 'conf')];
  const { jvm, dynamic } = taskManagerFlags(dist, path, conf);
  const runner = 'org.apache.flink.runtime.taskexecutor.TaskManagerRunner';
  const args = [...jvm, '-cp', path, runner, ...conf, ...dynamic];
  return launch({ ...options, role: 'taskmanager', args });
}

function classPathOf({ dist, jars = [] }: ClusterOptions): string {
  const lib = readdirSync(join(dist, 'lib')).map((name) => join(dist, 'lib', name));
  return [...lib, ...jars].join(':');
}

/** Ends the processes of a cluster, whoever started them from this folder. */
export async function stopCluster(directory: string): Promise<void> {
  const pids: number[] = [];
  for (const role of roles) {
    const path = join(directory, 'pids', role);
    const pid = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
    // A number may have been given to another program since.
    if (pid > 0 && commandOf(pid).includes(join(directory, 'log'))) pids.push(pid);
    if (pid > 0) writeFileSync(path, '0');
  }
  for (const pid of pids) signal(pid, 'SIGTERM');
  for (let i = 0; i < 50 && pids.some((pid) => commandOf(pid) !== ''); i++) await sleep(100);
  for (const pid of pids) signal(pid, 'SIGKILL');
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

interface Launch extends Pick<ClusterOptions, 'dist' | 'directory' | 'plugins'> {
  readonly role: string;
  readonly args: readonly string[];
}

function launch({ role, directory, dist, plugins, args }: Launch): number {
  const output = openSync(join(directory, 'log', `${role}.out`), 'w');
  const flags = [
    `-Dlog4j.configurationFile=file:${join(directory, 'conf', 'log4j.properties')}`,
    `-Dlog.file=${join(directory, 'log', `${role}.log`)}`,
    ...openModules,
  ];
  const child = spawn('java', [...flags, ...args], {
    detached: true,
    stdio: ['ignore', output, output],
    env: {
      ...process.env,
      FLINK_CONF_DIR: join(directory, 'conf'),
      FLINK_HOME: dist,
      FLINK_LIB_DIR: join(dist, 'lib'),
      FLINK_OPT_DIR: join(dist, 'opt'),
      FLINK_PLUGINS_DIR: plugins ?? join(dist, 'plugins'),
    },
  });
  child.unref();
  if (child.pid === undefined) throw new Error('java cannot be started');
  writeFileSync(join(directory, 'pids', role), String(child.pid));
  return child.pid;
}

/** Memory settings of the TaskManager, computed by the tool that Flink's own script asks. */
function taskManagerFlags(dist: string, classPath: string, conf: readonly string[]) {
  const tool = join(dist, 'bin', 'bash-java-utils.jar');
  const main = 'org.apache.flink.runtime.util.bash.BashJavaUtils';
  const args = ['-cp', `${tool}:${classPath}`, main, 'GET_TM_RESOURCE_PARAMS', ...conf];
  const { stdout, stderr } = spawnSync('java', args, { encoding: 'utf8' });
  const marker = 'BASH_JAVA_UTILS_EXEC_RESULT:';
  const lines = stdout.split('\n').filter((line) => line.startsWith(marker));
  const [jvm, dynamic] = lines.map((line) => line.slice(marker.length).trim().split(/\s+/));
  if (jvm === undefined || dynamic === undefined) throw new Error(`no memory settings: ${stderr}`);
  return { jvm, dynamic };
}

async function ready({ jobManager, gateway, directory }: Cluster): Promise<void> {
  const until = Date.now() + readyTimeoutMs;
  while (Date.now() < until) {
    const overview = await answer(`${jobManager}/overview`);
    const info = await answer(`${gateway}/v1/info`);
    if (overview?.['slots-total'] === slots && info !== null) return;
    await sleep(200);
  }
  await stopCluster(directory);
  throw new Error(`Flink is not ready after a minute: see ${join(directory, 'log')}`);
}

async function answer(url: string): Promise<Record<string, unknown> | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    return response.ok ? ((await response.json()) as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function configuration(options: ClusterOptions, port: number): string {
  const { directory, managedFraction = 0.1, memory = '4096m', settings = {} } = options;
  const more = Object.entries(settings).map(([name, value]) => `${name}: ${value}\n`);
  const local = 'address: 127.0.0.1, bind-address: 127.0.0.1';
  const gatewayPorts = `port: ${port + 1}, bind-port: ${port + 1}`;
  return `jobmanager: {rpc: {address: 127.0.0.1, port: ${port + 2}}, bind-host: 127.0.0.1, memory: {process: {size: 1200m}}}
taskmanager: {bind-host: 127.0.0.1, host: 127.0.0.1, numberOfTaskSlots: ${slots}, memory: {managed: {fraction: ${managedFraction}}, process: {size: ${memory}}}}
rest: {${local}, port: ${port}}
io: {tmp: {dirs: ${join(directory, 'tmp')}}}
state: {backend: {type: hashmap}}
execution: {checkpointing: {dir: "file://${join(directory, 'checkpoints')}"}, target: remote}
sql-gateway: {endpoint: {type: rest, rest: {${local}, ${gatewayPorts}}}}
${more.join('')}`;
}

const logging = `rootLogger.level=INFO
rootLogger.appenderRef.f.ref=F
appender.f.name=F
appender.f.type=File
appender.f.fileName=\${sys:log.file}
appender.f.layout.type=PatternLayout
appender.f.layout.pattern=%d{HH:mm:ss,SSS} %-5p %-40.40c{1} - %m%n
`;

const openModules: readonly string[] = [
  ...['java.rmi/sun.rmi.registry', 'java.security.jgss/sun.security.krb5'],
  ...['api', 'file', 'parser', 'tree', 'util'].map(
    (name) => `jdk.compiler/com.sun.tools.javac.${name}`,
  ),
]
  .map((module) => `--add-exports=${module}=ALL-UNNAMED`)
  .concat(
    [
      ...['lang', 'net', 'io', 'nio', 'lang.reflect', 'text', 'time', 'util', 'util.concurrent'],
      'util.concurrent.atomic',
      'util.concurrent.locks',
    ].map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`),
    '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
  );
