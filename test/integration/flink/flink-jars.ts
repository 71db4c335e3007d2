// Jars that Flink's distribution has not, as `flinkJars` of the profile and the docs name them.
import { mavenLibraries } from '../service.ts';

/** The format `parquet` and Hadoop's client, which it needs; an entry of a class path. */
export function parquetJars(): Promise<string> {
  return mavenLibraries('flink-parquet-2.2.0', [
    'org.apache.flink:flink-parquet:2.2.0',
    'org.apache.hadoop:hadoop-client-api:3.3.6',
    'org.apache.hadoop:hadoop-client-runtime:3.3.6',
  ]);
}
