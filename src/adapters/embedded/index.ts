// millrace/embedded: the online store on this machine's disk.
export { type EmbeddedOptions, embedded } from './embedded.ts';
