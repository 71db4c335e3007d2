import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { kafka, type KafkaOptions, type KafkaSasl } from '../../../src/adapters/kafka/index.ts';
import { howToRun, withServices } from '../service.ts';
import { type Certificates, makeCertificates } from './certificates.ts';
import { runJava } from './java-tools.ts';
import { type KafkaCluster, startKafka } from './kafka-cluster.ts';
import { type Reading, startReading } from './reading.ts';
import { createTopic, produce } from './topics.ts';

const jaas = 'org.apache.kafka.common.security';

describe.skipIf(!withServices)(
  `a Kafka topic behind TLS, SASL and ACLs (${howToRun})`,
  { timeout: 60_000 },
  () => {
    let cluster: KafkaCluster;
    let certificates: Certificates;
    const open: Reading[] = [];
    const topic = 'guarded';

    beforeAll(async () => {
      certificates = await makeCertificates();
      const scram = `${jaas}.scram.ScramLoginModule required;`;
      const users = 'user_reader="secret" user_stranger="secret"';
      const token = `${jaas}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`;
      cluster = await startKafka({
        listeners: { TLS: 'SSL', SASL: 'SASL_PLAINTEXT', BOTH: 'SASL_SSL' },
        format: [
          '--add-scram',
          'SCRAM-SHA-256=[name=reader,password=secret]',
          '--add-scram',
          'SCRAM-SHA-512=[name=reader,password=secret]',
        ],
        settings: {
          ...certificates.settings,
          'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
          ...Object.fromEntries(
            ['sasl', 'both'].flatMap((name) => [
              [
                `listener.name.${name}.plain.sasl.jaas.config`,
                `${jaas}.plain.PlainLoginModule required ${users};`,
              ],
              [`listener.name.${name}.scram-sha-256.sasl.jaas.config`, scram],
              [`listener.name.${name}.scram-sha-512.sasl.jaas.config`, scram],
              [`listener.name.${name}.oauthbearer.sasl.jaas.config`, token],
            ]),
          ),
          'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
          'super.users': 'User:ANONYMOUS',
        },
      });
      await createTopic(cluster.brokers, { name: topic });
      await produce(cluster.brokers, topic, [{ value: '{"n":1}' }, { value: '{"n":2}' }]);
      const allow = ['--bootstrap-server', cluster.brokers.join(), '--add', '--allow-principal'];
      const reading = ['--operation', 'Read', '--operation', 'Describe', '--topic', topic];
      await runJava('org.apache.kafka.tools.AclCommand', [...allow, 'User:reader', ...reading]);
    }, 180_000);

    afterEach(async () => {
      await Promise.all(open.splice(0).map((reading) => reading.close()));
    });

    afterAll(async () => {
      await cluster?.stop();
      await certificates?.remove();
    });

    async function read(
      listener: string,
      access: Partial<KafkaOptions>,
    ): Promise<readonly number[]> {
      const brokers = cluster.addresses(listener);
      const reading = await startReading(kafka({ brokers, topic, ...access }));
      open.push(reading);
      await reading.until(() => reading.all().length === 2);
      return reading.all();
    }

    const reader = { username: 'reader', password: 'secret' };
    const code = (expected: string): object => ({ code: expected });

    test.each<KafkaSasl>([
      { mechanism: 'PLAIN', ...reader },
      { mechanism: 'PLAIN', username: 'reader', password: () => Promise.resolve('secret') },
      { mechanism: 'SCRAM-SHA-256', ...reader },
      { mechanism: 'SCRAM-SHA-512', ...reader },
      { mechanism: 'OAUTHBEARER', token: () => unsignedToken('reader') },
    ])('is read by $mechanism, with and without TLS', async (sasl) => {
      expect(await read('SASL', { sasl })).toEqual([1, 2]);
      expect(await read('BOTH', { sasl, tls: { ca: certificates.ca } })).toEqual([1, 2]);
    });

    test('a wrong password is told from everything else, by every mechanism', async () => {
      const wrong = { username: 'reader', password: 'wrong' };
      for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const) {
        const reading = read('SASL', { sasl: { mechanism, ...wrong } });
        await expect(reading).rejects.toMatchObject(code('MR_KAFKA_LOGIN'));
      }
      const expired = { mechanism: 'OAUTHBEARER', token: unsignedToken('reader', -60) } as const;
      await expect(read('SASL', { sasl: expired })).rejects.toMatchObject(code('MR_KAFKA_LOGIN'));
    });

    test('a user without an ACL is told so, with the topic', async () => {
      const sasl = { mechanism: 'PLAIN', username: 'stranger', password: 'secret' } as const;
      await expect(read('SASL', { sasl })).rejects.toMatchObject({
        code: 'MR_KAFKA_DENIED',
        message: expect.stringContaining(topic) as unknown,
      });
    });

    test('a group without an ACL is told so', async () => {
      const sasl = { mechanism: 'PLAIN', ...reader } as const;
      const reading = read('SASL', { sasl, start: 'committed', group: 'others' });
      await expect(reading).rejects.toMatchObject({
        code: 'MR_KAFKA_DENIED',
        message: expect.stringContaining('others') as unknown,
      });
    });

    test('an authority that nobody trusts, and a listener of the other kind, are told', async () => {
      await expect(read('TLS', { tls: true })).rejects.toMatchObject(code('MR_KAFKA_TLS'));
      await expect(read('PLAINTEXT', { tls: true })).rejects.toMatchObject(code('MR_KAFKA_TLS'));
      await expect(read('TLS', {})).rejects.toMatchObject(code('MR_KAFKA_TLS'));
      await expect(read('SASL', {})).rejects.toMatchObject({
        code: 'MR_KAFKA_UNREACHABLE',
        fix: expect.stringContaining('sasl') as unknown,
      });
    });
  },
);

/** A token without a signature, as the broker's built-in validator takes it for tests. */
function unsignedToken(subject: string, secondsLeft = 600): string {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const claims = { sub: subject, iat: nowSeconds - 100, exp: nowSeconds + secondsLeft };
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.`;
}
