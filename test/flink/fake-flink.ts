// A gateway and a JobManager in one, as far as deployments ask them: statements are remembered, plans
// "compiled" from a text that is given, jobs run or fail as they are told. In memory, with its folder.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PlanFolder } from '../../src/flink/deploy/plan-folder.ts';

/** What becomes of the next job that is started. */
export type NextJob = 'runs' | 'fails' | 'runs, and the gateway goes away';

interface FakeJob {
  readonly jid: string;
  readonly name: string;
  state: string;
  readonly plan: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly from: string | null;
}

export class FakeFlink {
  readonly jobs: FakeJob[] = [];
  readonly files = new Map<string, string>();
  /** One for each job to come; then they run. */
  next: NextJob[] = [];
  /** What `COMPILE PLAN` writes. */
  compiled = '';
  slots = 2;
  readonly #server: Server;
  readonly #session = new Map<string, string>();
  #results: Readonly<Record<string, unknown>> = {};
  #isGatewayUp = true;

  constructor() {
    this.#server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      request.on('end', () => {
        const answer = this.#answer(request, text === '' ? {} : (JSON.parse(text) as object));
        if (answer === null) request.socket.destroy();
        else response.writeHead(200).end(JSON.stringify(answer));
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  gatewayComesBack(): void {
    this.#isGatewayUp = true;
  }

  get running(): readonly FakeJob[] {
    return this.jobs.filter(({ state }) => state === 'RUNNING');
  }

  readonly folder: PlanFolder = {
    uri: 'mem:',
    read: (name) => Promise.resolve(this.files.get(name) ?? null),
    write: (name, text, isNew = false) => {
      if (isNew && this.files.has(name)) return Promise.resolve(false);
      this.files.set(name, text);
      return Promise.resolve(true);
    },
    remove: (name) => {
      this.files.delete(name);
      return Promise.resolve();
    },
    list: () => Promise.resolve([...this.files.keys()]),
  };

  #answer({ url = '', method }: IncomingMessage, body: object): unknown {
    if (url.startsWith('/v4')) return this.#isGatewayUp ? this.#gateway(url, body) : null;
    if (url === '/overview') return this.#overview();
    if (url === '/jobs/overview') {
      return { jobs: this.jobs.map((job) => ({ ...job, 'start-time': 1 })) };
    }
    const [, , id, what = ''] = (url.split('?')[0] ?? '').split('/');
    const job = this.jobs.find(({ jid }) => jid === id);
    if (job === undefined) return null;
    if (method === 'PATCH') job.state = 'CANCELED';
    if (what === 'stop') job.state = 'FINISHED';
    return this.#jobAnswer(job, what);
  }

  #overview(): unknown {
    const free = this.slots - this.running.length;
    return { 'slots-total': this.slots, 'slots-available': free };
  }

  #jobAnswer(job: FakeJob, what: string): unknown {
    const restored = job.from === null ? null : { is_savepoint: true, external_path: job.from };
    const operation = { location: `mem:/savepoint-of-${job.jid}` };
    const failed = { stacktrace: 'x.Y: bad luck\n\tat a(b)', timestamp: 1, taskName: 'Over' };
    const answers: Readonly<Record<string, unknown>> = {
      '': {
        ...job,
        'start-time': 1,
        vertices: [{ id: 'v', name: 'Over', parallelism: 1, status: job.state }],
      },
      config: { 'execution-config': { 'user-config': job.parameters } },
      stop: { 'request-id': 't' },
      savepoints: { status: { id: 'COMPLETED' }, operation },
      exceptions: { exceptionHistory: { entries: job.state === 'FAILED' ? [failed] : [] } },
      checkpoints: { counts: { completed: 3, failed: 1 }, latest: { restored, completed: null } },
      metrics: [{ id: 'numRestarts', value: '2' }],
      vertices: [{ id: '0.currentInputWatermark', value: '1000' }],
    };
    return answers[what] ?? null;
  }

  #gateway(url: string, body: object): unknown {
    if (url === '/v4/sessions') {
      this.#session.clear();
      return { sessionHandle: 's' };
    }
    if (url.endsWith('/statements')) {
      this.#results = this.#execute((body as { readonly statement: string }).statement);
      return this.#isGatewayUp ? { operationHandle: 'o' } : null;
    }
    return { resultType: 'EOS', results: { columns: [], data: [] }, ...this.#results };
  }

  #writePlan(uri: string): void {
    if (uri.startsWith('mem:/')) {
      this.files.set(uri.slice('mem:/'.length), this.compiled);
      return;
    }
    const path = fileURLToPath(uri);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, this.compiled);
  }

  #execute(statement: string): Readonly<Record<string, unknown>> {
    const [, name, value] = /^SET '(.*)' = '(.*)'$/.exec(statement) ?? [];
    if (name !== undefined && value !== undefined) this.#session.set(name, value);
    const draft = /^COMPILE PLAN '([^']*)'/.exec(statement)?.[1];
    if (draft !== undefined) this.#writePlan(draft);
    const plan = /^EXECUTE PLAN '([^']*)'/.exec(statement)?.[1];
    if (plan === undefined) return {};
    const next = this.next.shift() ?? 'runs';
    const jid = `j${this.jobs.length + 1}`;
    const pairs = this.#session.get('pipeline.global-job-parameters')?.split(',') ?? [];
    this.jobs.push({
      jid,
      name: this.#session.get('pipeline.name') ?? 'the-job',
      state: next === 'fails' ? 'FAILED' : 'RUNNING',
      plan,
      parameters: Object.fromEntries(pairs.map((pair) => pair.split(':') as [string, string])),
      from: this.#session.get('execution.state-recovery.path') ?? null,
    });
    if (next === 'runs, and the gateway goes away') this.#isGatewayUp = false;
    return { jobID: jid };
  }
}
