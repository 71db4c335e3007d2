// Events of the built-in benchmark for both engines to read: files, or topics of a broker that is
// started here. Each size is made once.
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { writeBenchEvents } from '../../src/app/bench/bench-events.ts';
import { type KafkaCluster, startKafka } from '../../test/integration/kafka/kafka-cluster.ts';
import { createTopic } from '../../test/integration/kafka/topics.ts';
import { loadTopic } from '../kafka/topic-loader.ts';
import type { EventsPlace } from './events-place.ts';
import { say } from './report.ts';

/** Of event time. */
const spanMs = 2 * 3_600_000;
const partitions = 2;

export class BenchInputs {
  readonly #from: 'kafka' | 'file';
  readonly #directory: string;
  readonly #places = new Map<string, EventsPlace>();
  #kafka: KafkaCluster | null = null;

  constructor(from: 'kafka' | 'file', directory: string) {
    this.#from = from;
    this.#directory = directory;
  }

  /** The broker, started when it is asked for first. */
  async brokers(): Promise<readonly string[]> {
    this.#kafka ??= await startKafka({ heapMb: 512 });
    return this.#kafka.brokers;
  }

  async place(events: number, users: number): Promise<EventsPlace> {
    const name = `events-${events}-${users}`;
    const place = this.#places.get(name) ?? (await this.#make(name, events, users));
    this.#places.set(name, place);
    return place;
  }

  async stop(): Promise<void> {
    await this.#kafka?.stop();
    this.#kafka = null;
  }

  async #make(name: string, events: number, users: number): Promise<EventsPlace> {
    say(`${name}: making the events …`);
    const path = join(this.#directory, `${name}.jsonl`);
    if (this.#from === 'file') {
      const target = openSync(path, 'w');
      writeBenchEvents(target, { events, users, spanMs });
      closeSync(target);
      return path;
    }
    const topic = { brokers: await this.brokers(), topic: name };
    await createTopic(topic.brokers, { name, partitions, settings: { 'retention.ms': '-1' } });
    await loadTopic({ ...topic, partitions, path, events, users, spanMs });
    return topic;
  }
}
