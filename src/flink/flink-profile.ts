// What differs between versions of Flink. Only text depends on it: what can be said is the same.

/** Name of a profile. */
export type FlinkProfileName = '2.x' | '1.20';

export interface FlinkProfile {
  readonly name: FlinkProfileName;
  /** `FROM TUMBLE(TABLE t, …)`; older versions want it inside `TABLE( … )`. */
  readonly hasBareWindowFunctions: boolean;
  /** What has to lie in Flink's `lib` for a connector or a format, as `group:artifact:version`. */
  readonly jars: Readonly<Record<string, string>>;
}

/** The versions that SQL can be made for. */
export const flinkProfiles: Readonly<Record<FlinkProfileName, FlinkProfile>> = {
  '2.x': {
    name: '2.x',
    hasBareWindowFunctions: true,
    jars: {
      kafka: 'org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2',
      'upsert-kafka': 'org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2',
      'avro-confluent': 'org.apache.flink:flink-sql-avro-confluent-registry:2.2.0',
      parquet: 'org.apache.flink:flink-parquet:2.2.0',
    },
  },
  '1.20': {
    name: '1.20',
    hasBareWindowFunctions: false,
    jars: {
      kafka: 'org.apache.flink:flink-sql-connector-kafka:3.4.0-1.20',
      'upsert-kafka': 'org.apache.flink:flink-sql-connector-kafka:3.4.0-1.20',
      'avro-confluent': 'org.apache.flink:flink-sql-avro-confluent-registry:1.20.3',
      parquet: 'org.apache.flink:flink-sql-parquet:1.20.3',
    },
  },
};

/** A window table function as a relation. */
export function windowFunctionSql(profile: FlinkProfile, call: string): string {
  return profile.hasBareWindowFunctions ? call : `TABLE(${call})`;
}
