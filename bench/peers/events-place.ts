// Where the events of a measurement lie: one place that both engines read to its end.

export interface EventsTopic {
  readonly brokers: readonly string[];
  readonly topic: string;
}

/** A file of JSON lines, or a topic. */
export type EventsPlace = string | EventsTopic;
