// millrace/memory: stores and sinks that live in this process.
export {
  type MemoryVector,
  memoryDeadLetters,
  memoryLateRecords,
  memoryVectors,
} from './memory-sinks.ts';
export { memoryStore } from './memory-store.ts';
