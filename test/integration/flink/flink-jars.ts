// Jars that Flink's distribution has not, as `flinkJars` of the profile and the docs name them.
import { dirname } from 'node:path';
import { mavenLibraries } from '../service.ts';

/** The format `parquet` and Hadoop's client, which it needs; an entry of a class path. */
export function parquetJars(): Promise<string> {
  return mavenLibraries('flink-parquet-2.2.0', [
    'org.apache.flink:flink-parquet:2.2.0',
    'org.apache.hadoop:hadoop-client-api:3.3.6',
    'org.apache.hadoop:hadoop-client-runtime:3.3.6',
  ]);
}

/** The format `avro-confluent`; an entry of a class path. */
export function avroJars(): Promise<string> {
  const name = 'org.apache.flink:flink-sql-avro-confluent-registry:2.2.0';
  return mavenLibraries('flink-sql-avro-confluent-registry-2.2.0', [name]);
}

/** A folder of plugins with S3's file system. */
export async function s3Plugins(): Promise<string> {
  const name = 'org.apache.flink:flink-s3-fs-presto:2.2.0';
  // Its jars lie in a folder of their own, as a plugin's have to.
  return dirname(dirname(await mavenLibraries('flink-s3-fs-presto-2.2.0', [name])));
}
