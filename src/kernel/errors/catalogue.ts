// Every error code, who is to blame, whether trying again can help. Codes are never reused;
// each has an entry in docs/errors.md (checked).
import type { Blame, Retry } from './blame.ts';

interface CatalogueEntry {
  readonly blame: Blame;
  readonly retry: Retry;
}

const definition: CatalogueEntry = { blame: 'definition', retry: 'never' };
const config: CatalogueEntry = { blame: 'config', retry: 'never' };
const data: CatalogueEntry = { blame: 'data', retry: 'never' };
const external: CatalogueEntry = { blame: 'external', retry: 'backoff' };
const internal: CatalogueEntry = { blame: 'internal', retry: 'never' };

export const errorCatalogue = {
  MR_DEFINITION_INVALID: definition,
  MR_DEFINITION_DURATION: definition,
  MR_DEFINITION_DUPLICATE: definition,
  MR_DEFINITION_NAME: definition,
  MR_DEFINITION_UNKNOWN_FIELD: definition,
  MR_DEFINITION_TYPE: definition,
  MR_DEFINITION_WINDOW: definition,
  MR_DEFINITION_TTL: definition,
  MR_DEFINITION_KEY: definition,
  MR_DEFINITION_EVENT_TIME: definition,
  MR_DEFINITION_STATE_SIZE: definition,
  MR_DEFINITION_LATENESS: definition,
  MR_PLAN_VERSION: definition,
  MR_CONFIG_INVALID: config,
  MR_CONFIG_NOT_FOUND: config,
  MR_CONFIG_UNKNOWN_ENV: config,
  MR_CONFIG_UNBOUND_STREAM: config,
  MR_USAGE: config,
  MR_UNKNOWN_VIEW: config,
  MR_UNKNOWN_FEATURE: config,
  MR_UNKNOWN_SERVICE: config,
  MR_UNKNOWN_KEY: config,
  MR_DATA_MALFORMED: data,
  MR_DATA_MISSING_FIELD: data,
  MR_DATA_TYPE: data,
  MR_DATA_RANGE: data,
  MR_DATA_UTF8: data,
  MR_DATA_TOO_LONG: data,
  MR_DATA_NO_VALUE: data,
  MR_DATA_EVENT_TIME: data,
  MR_DATA_TOO_FAR_AHEAD: data,
  MR_DATA_OVERFLOW: data,
  MR_DATA_KEY_TOO_LONG: data,
  MR_FILE_NOT_FOUND: config,
  MR_FILE_ACCESS: config,
  MR_FILE_FORMAT: data,
  MR_FILE_TRUNCATED: data,
  MR_SOURCE_POSITION: data,
  MR_STORE_FULL: external,
  MR_STORE_OPEN: external,
  MR_STORE_SCHEMA: config,
  MR_STORE_ALIAS: config,
  MR_REPLAY_BEHIND: external,
  MR_REPLAY_SHAPE: config,
  MR_GROUP_ACTIVE: config,
  MR_STATE_CORRUPT: external,
  MR_STATE_MISSING: external,
  MR_STATE_DISK_FULL: external,
  MR_STATE_VERSION: config,
  MR_STATE_SCHEMA: definition,
  MR_CONFIG_STATE_MEMORY: config,
  MR_CHECKPOINT_ACCESS: config,
  MR_CHECKPOINT_FULL: external,
  MR_CHECKPOINT_STORAGE: external,
  MR_CHECKPOINT_CORRUPT: data,
  MR_CHECKPOINT_MISSING: data,
  MR_CHECKPOINT_VERSION: config,
  MR_CHECKPOINT_REQUIRED: config,
  MR_CHECKPOINT_IN_USE: external,
  MR_CHECKPOINT_FAILED: external,
  MR_LOG_WITHOUT_CHECKPOINT: config,
  MR_FENCED: external,
  MR_SAVEPOINT_NAME: config,
  MR_SAVEPOINT_NOT_FOUND: config,
  MR_SAVEPOINT_EXISTS: config,
  MR_SCHEMA_INVALID: config,
  MR_SCHEMA_MISMATCH: data,
  MR_SCHEMA_UNKNOWN_ID: data,
  MR_SCHEMA_REFUSED: config,
  MR_SCHEMA_SUBJECT: config,
  MR_REGISTRY_UNAVAILABLE: external,
  MR_REGISTRY_REFUSED: config,
  MR_SERVE_REQUEST: config,
  MR_SERVE_TOO_LARGE: config,
  MR_SERVE_PORT: config,
  MR_NOT_AVAILABLE: config,
  MR_LABELS: config,
  MR_WORKER_LOST: external,
  MR_WORKER_MEMORY: config,
  MR_INTERNAL: internal,
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof errorCatalogue;
