// Entry `millrace/postgres`: an online store in tables.
export type { PostgresOptions, PostgresTls } from './postgres-options.ts';
export { postgres } from './postgres.ts';
