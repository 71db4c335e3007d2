// Where the jar lies: `mvn package` has made it before the package was packed.
import { fileURLToPath } from 'node:url';

/** Path of the jar with the functions. */
export const jarPath = fileURLToPath(new URL('./dist/millrace-flink-udf.jar', import.meta.url));
