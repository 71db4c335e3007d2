// Public entry `millrace/flink`.
export { type FlinkBinding, type FlinkOptions, flink } from './flink.ts';
