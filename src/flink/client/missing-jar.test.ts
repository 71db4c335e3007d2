import { describe, expect, it } from 'vitest';
import { jarError, missingJar } from './missing-jar.ts';

const noFactory =
  "Could not find any factory for identifier 'upsert-kafka' that implements 'org.apache.flink.table.factories.DynamicTableFactory' in the classpath.";

describe('a jar that Flink lacks', () => {
  it.each([
    [noFactory, 'org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2'],
    [
      "Could not find any factory for identifier 'parquet' that implements 'org.apache.flink.connector.file.table.factories.BulkReaderFormatFactory'",
      'org.apache.flink:flink-parquet:2.2.0',
    ],
    [
      'java.lang.NoClassDefFoundError: org/apache/flink/connector/kafka/sink/KafkaSink',
      'org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2',
    ],
    [
      "java.lang.NoSuchMethodError: 'void org.apache.flink.streaming.connectors.kafka.table.KafkaDynamicSink.<init>()'",
      'org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2',
    ],
    [
      'java.lang.ClassNotFoundException: org.apache.hadoop.conf.Configuration',
      'org.apache.flink:flink-parquet:2.2.0',
    ],
  ])('is named by its coordinates: %s', (reason, coordinates) => {
    expect(missingJar(reason)).toMatchObject({ coordinates });
  });

  it('with functions of ours is named with the ways to get it there', () => {
    const missing = missingJar('dev.millrace.flink.Quantile');
    expect(missing).toEqual({ name: 'millrace-flink-udf', coordinates: null, isWrong: true });
    expect(missing === null ? null : jarError(missing, 'function millrace_quantile')).toMatchObject(
      {
        code: 'MR_FLINK_JAR',
        message:
          "Flink's jar for 'millrace-flink-udf' is missing on a machine, or is of another version (needed by function millrace_quantile)",
        fix: expect.stringContaining('npm install millrace-flink-udf') as unknown,
      },
    );
    const atRuntime = 'java.lang.ClassNotFoundException: dev.millrace.flink.RollingQuantile';
    expect(missingJar(atRuntime)).toEqual(missing);
    expect(missingJar('these bytes are no sketch of dev.millrace.flink.Quantile')).toBeNull();
  });

  it('is not seen in other failures', () => {
    expect(missingJar('java.lang.ArithmeticException: / by zero')).toBeNull();
    expect(missingJar('java.lang.ClassNotFoundException: com.example.Mine')).toBeNull();
  });

  it('of somebody else is named as Flink names it', () => {
    const missing = missingJar(noFactory.replace('upsert-kafka', 'jdbc'));
    expect(missing).toEqual({ name: 'jdbc', coordinates: null, isWrong: false });
  });

  it('becomes an error with the command that installs it', () => {
    const missing = missingJar(noFactory);
    const error = missing === null ? null : jarError(missing, 'view:spend');
    expect(error).toMatchObject({ code: 'MR_FLINK_JAR' });
    expect(error?.message).toBe(
      "Flink has no connector or format 'upsert-kafka' (needed by view:spend)",
    );
    expect(error?.fix).toContain(
      'mvn dependency:copy -Dartifact=org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2',
    );
  });
});
