// Who has to act on an error, and whether trying again can help.

/** Who has to act: the author of the definition, of the configuration, of the data, a server, or us. */
export type Blame = 'definition' | 'config' | 'data' | 'external' | 'internal';

/** `backoff`: trying again later can help. */
export type Retry = 'never' | 'backoff';
