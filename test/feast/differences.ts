// Where our answers differ from Feast's on purpose; `docs/feast.md` has the same list for people.
// Everything else in the recorded exchanges is equal.

/** Values that Feast's recording has and we do not, in any mode. */
export const valueDifferences: Readonly<Record<string, string>> = {
  '08-null-values': 'a null timestamp is null; Feast materialised it as -9223372036854775808',
  '14-timestamps': 'a null timestamp is null; Feast materialised it as -9223372036854775808',
};

/** Feast answers 500 with a bare string to these; we say what the caller did wrong. */
export const ownErrors: Readonly<Record<string, { status: number; code: string; where: string }>> =
  {
    '26-err-unknown-feature': { status: 400, code: 'MR_UNKNOWN_FEATURE', where: 'features[0]' },
    '28-err-unknown-entity': { status: 400, code: 'MR_SERVE_REQUEST', where: 'entities' },
    '29-err-mismatched-lengths': { status: 400, code: 'MR_SERVE_REQUEST', where: 'entities' },
    '30-err-empty-entities': { status: 400, code: 'MR_SERVE_REQUEST', where: 'entities' },
    '31-empty-entity-list': { status: 400, code: 'MR_SERVE_REQUEST', where: 'entities' },
    '32-err-no-features': { status: 400, code: 'MR_SERVE_REQUEST', where: 'features' },
    '33-err-malformed-feature-ref': { status: 400, code: 'MR_SERVE_REQUEST', where: 'features[0]' },
    '34-err-name-collision': { status: 400, code: 'MR_SERVE_REQUEST', where: 'features' },
    '35-duplicate-ref-full-names': { status: 400, code: 'MR_SERVE_REQUEST', where: 'features' },
    '36-err-wrong-entity-type-string-for-int': {
      status: 422,
      code: 'MR_UNKNOWN_KEY',
      where: 'entities.item_id[0]',
    },
    '40-entity-null': { status: 422, code: 'MR_UNKNOWN_KEY', where: 'entities.user_id[0]' },
  };
