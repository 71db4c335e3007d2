// Entry `millrace/file`: sources and sinks that are files of this machine.
export {
  type DeadLetterFileOptions,
  deadLetterPath,
  fileDeadLetterSink,
} from './dead-letter-file.ts';
export { type FeatureLogOptions, featureLog } from './log/feature-log.ts';
export { type FileOptions, file } from './file-source.ts';
export {
  fileLateRecordSink,
  type LateRecordFileOptions,
  lateRecordPath,
} from './late-record-file.ts';
