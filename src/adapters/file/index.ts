// Entry `millrace/file`: sources and sinks that are files of this machine.
export { type FileOptions, file } from './file-source.ts';
export { type FeatureLogOptions, featureLog } from './feature-log.ts';
