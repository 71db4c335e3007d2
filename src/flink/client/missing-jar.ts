// A connector or format that Flink does not have: recognised in its words, answered with the exact
// coordinates of what has to lie in its `lib`.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { type FlinkProfileName, flinkProfiles } from '../flink-profile.ts';

/** What is missing. */
export interface MissingJar {
  /** As in `'connector' = 'kafka'`, or a class of it. */
  readonly name: string;
  /** `group:artifact:version`; null for a connector that is not ours to know. */
  readonly coordinates: string | null;
  /** There is one, and it does not fit: its classes do not. */
  readonly isWrong: boolean;
}

const factory = /Could not find any (?:format )?factory for identifier '([^']+)'/;
const classes =
  /(?:NoClassDefFoundError|ClassNotFoundException|NoSuchMethodError|NoSuchFieldError|AbstractMethodError|IncompatibleClassChangeError)\b:?\s*'?(?:[\w<>[\]]+ )?([\w./$]+)/;

/** Not on Maven Central: it comes with a package of npm, or from its sources. */
const functionsJar = 'millrace-flink-udf';

/** Which class belongs to which connector. */
const packages: readonly (readonly [RegExp, string])[] = [
  [/millrace/i, functionsJar],
  [/kafka/i, 'kafka'],
  [/avro|confluent/i, 'avro-confluent'],
  [/parquet|hadoop/i, 'parquet'],
];

/** All that Flink says of a function whose class it does not find. */
const functionClass = /^dev\.millrace\.flink\.\w+$/;

/** Reads Flink's reason (or a whole trace); null when it is about something else. */
export function missingJar(reason: string, profile: FlinkProfileName = '2.x'): MissingJar | null {
  const { jars } = flinkProfiles[profile];
  const identifier = factory.exec(reason)?.[1];
  if (identifier !== undefined) {
    return { name: identifier, coordinates: jars[identifier] ?? null, isWrong: false };
  }
  const className = functionClass.exec(reason.trim())?.[0] ?? classes.exec(reason)?.[1];
  const known = packages.find(([pattern]) => pattern.test(className ?? ''))?.[1];
  if (className === undefined || known === undefined) return null;
  return { name: known, coordinates: jars[known] ?? null, isWrong: true };
}

/** MR_FLINK_JAR with what to install, and how. */
export function jarError(missing: MissingJar, origin?: string): MillraceError {
  const { name, coordinates, isWrong } = missing;
  const from = origin === undefined ? '' : ` (needed by ${origin})`;
  const what = isWrong
    ? `Flink's jar for '${name}' is missing on a machine, or is of another version`
    : `Flink has no connector or format '${name}'`;
  return new MillraceError('MR_FLINK_JAR', `${what}${from}`, {
    context: { jar: coordinates ?? name },
    fix: fixOf(missing),
  });
}

function fixOf({ name, coordinates }: MissingJar): string {
  if (name === functionsJar) return functionsJarFix;
  if (name === 'parquet') {
    return `put ${coordinates} with its dependencies, and ${hadoopJars}, into Flink's lib on every machine (docs/flink/jars.md has the commands), and restart gateway and cluster`;
  }
  return coordinates === null
    ? `put the jar that provides '${name}' into Flink's lib, and restart gateway and cluster`
    : `put ${coordinates} into Flink's lib on every machine (mvn dependency:copy -Dartifact=${coordinates} -DoutputDirectory=$FLINK_HOME/lib), without other versions of it, and restart gateway and cluster`;
}

/** Parquet's own classes are made for Hadoop's file systems, and ask for them. */
const hadoopJars =
  'org.apache.hadoop:hadoop-client-api:3.3.6 and org.apache.hadoop:hadoop-client-runtime:3.3.6';

/** How the functions of ours get to a cluster. */
export const functionsJarFix =
  "npm install millrace-flink-udf, which `millrace flink deploy` then hands to the cluster; or build it (mvn package in flink-udf), and name it: flink({ functionsJar: 'path/to/millrace-flink-udf.jar' }), or put it into Flink's lib on every machine; or compute the view in the engine: featureView(…).on('engine')";
