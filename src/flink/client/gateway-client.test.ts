// The client against answers as Flink 2.2.1 gives them.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { openGatewaySession } from './gateway-client.ts';
import { rootCause } from './gateway-error.ts';

type Answer = readonly [status: number, body: unknown];

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A gateway that answers by path, each list from its beginning. */
async function gateway(answers: Readonly<Record<string, readonly Answer[]>>): Promise<string> {
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const key = Object.keys(answers).find((path) => request.url?.includes(path)) ?? '';
    const list = answers[key] ?? [];
    const n = counts.get(key) ?? 0;
    counts.set(key, n + 1);
    const [status, body] = list[Math.min(n, list.length - 1)] ?? [404, { errors: ['Not found'] }];
    response.writeHead(status).end(JSON.stringify(body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const opened: Answer = [200, { sessionHandle: 's1' }];
const trace = `org.apache.flink.table.gateway.service.utils.SqlExecutionException: Failed to execute the operation o1.
	at org.apache.flink.table.gateway.service.operation.OperationManager$Operation.processThrowable(OperationManager.java:414)
Caused by: org.apache.flink.table.api.ValidationException: SQL validation failed. From line 2, column 8 to line 2, column 11: Column 'amnt' not found in any table; did you mean 'amount'?
	at org.apache.flink.table.planner.calcite.FlinkPlannerImpl.validate(FlinkPlannerImpl.scala:200)
Caused by: org.apache.calcite.runtime.CalciteContextException: From line 2, column 8 to line 2, column 11: Column 'amnt' not found in any table; did you mean 'amount'?
	at java.base/java.lang.Thread.run(Thread.java:840)
Caused by: org.apache.calcite.sql.validate.SqlValidatorException: Column 'amnt' not found in any table; did you mean 'amount'?
	... 29 more`;

describe('a session of the gateway', () => {
  it('waits for a result, takes all its pages and the id of the job', async () => {
    const page = (token: number): string =>
      `/v4/sessions/s1/operations/o1/result/${token}?rowFormat=JSON`;
    const columns = [{ name: 'a' }];
    const url = await gateway({
      'result/0': [
        [200, { resultType: 'NOT_READY', nextResultUri: page(0) }],
        [
          200,
          {
            resultType: 'PAYLOAD',
            jobID: 'j1',
            results: { columns, data: [{ fields: [1] }] },
            nextResultUri: page(1),
          },
        ],
      ],
      'result/1': [[200, { resultType: 'EOS', results: { columns, data: [{ fields: [2] }] } }]],
      '/statements': [[200, { operationHandle: 'o1' }]],
      '/v4/sessions': [opened],
    });
    const session = await openGatewaySession({ url, clock: systemClock });
    expect(await session.execute('SELECT a FROM t')).toEqual({
      jobId: 'j1',
      columns: ['a'],
      rows: [[1], [2]],
    });
    await session.close();
  });

  it('says what Flink says, where in the SQL, and which definition it was made from', async () => {
    const url = await gateway({
      'result/0': [
        [
          500,
          {
            errors: [
              'Internal server error.',
              `<Exception on server side:\n${trace}\nEnd of exception on server side>`,
            ],
          },
        ],
      ],
      '/statements': [[200, { operationHandle: 'o1' }]],
      '/v4/sessions': [opened],
    });
    const session = await openGatewaySession({ url, clock: systemClock });
    const failed = session.execute('SELECT\n  SUM(amnt)\nFROM t', 'view:user_spend');
    await expect(failed).rejects.toMatchObject({
      code: 'MR_FLINK_STATEMENT',
      context: { line: 2, column: 8 },
    });
    await expect(failed).rejects.toThrow(
      /Column 'amnt' not found.*\(made from view:user_spend\)\n 2 \| {3}SUM\(amnt\)\n/,
    );
    await session.close();
  });

  it('that is gone, and a gateway that is not there, are told apart', async () => {
    const gone =
      "org.apache.flink.table.gateway.api.utils.SqlGatewayException: Session 's1' does not exist.";
    const url = await gateway({
      '/statements': [[500, { errors: [gone] }]],
      '/v4/sessions': [opened],
    });
    const session = await openGatewaySession({ url, clock: systemClock });
    await expect(session.execute('SELECT 1')).rejects.toMatchObject({ code: 'MR_FLINK_SESSION' });
    await session.close();
    const nobody = openGatewaySession({ url: 'http://127.0.0.1:1', clock: systemClock });
    await expect(nobody).rejects.toMatchObject({ code: 'MR_FLINK_UNREACHABLE' });
  });
});

describe('the root cause of a trace', () => {
  it('is the last one, without its class', () => {
    expect(rootCause(trace)).toEqual({
      message: "Column 'amnt' not found in any table; did you mean 'amount'?",
      line: 2,
      column: 8,
    });
    expect(rootCause('plain words')).toEqual({ message: 'plain words', line: null, column: null });
  });
});
