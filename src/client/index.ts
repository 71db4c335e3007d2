// `millrace/client`: reads of a feature server from other services, typed by the definitions.
export { createClient } from './create-client.ts';
export type {
  CallOptions,
  ClientOptions,
  ClientRead,
  ClientStatus,
  ClientView,
  FeatureClient,
} from './client-types.ts';
