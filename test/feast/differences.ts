// Where our answers differ from Feast's on purpose; `docs/feast.md` has the same list for people.
// Everything else in the recorded exchanges is equal.

/** Values that Feast's recording has and we do not, in any mode. */
export const valueDifferences: Readonly<Record<string, string>> = {
  '08-null-values': 'a null timestamp is null; Feast materialised it as -9223372036854775808',
  '14-timestamps': 'a null timestamp is null; Feast materialised it as -9223372036854775808',
};

/** What Feast says of a path in one word, and we say more of, beside the same word. */
const ownPaths = { code: 'MR_SERVE_REQUEST', where: 'path' } as const;

/** Feast answers 500 with a bare string (or one word) to these; we say what the caller did wrong. */
export const ownErrors: Readonly<Record<string, { status: number; code: string; where: string }>> =
  {
    '44-err-get-method': { status: 405, ...ownPaths },
    '46-not-found': { status: 404, ...ownPaths },
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

const noon = '2026-11-20T12:00:00Z';
const later = '2026-11-20T13:00:00.250Z';

/** What is read back after pushes where a feature of a stream is not a row that was written over. */
export const pushDifferences: Readonly<
  Record<string, { readonly why: string; readonly items: Readonly<Record<string, unknown>> }>
> = {
  '53-push-same-ts-read-back': {
    why: 'of records of the same instant `last` takes the one that came last; Feast keeps the first',
    items: { last_page: { values: ['/same', '/same'], event_timestamps: [noon, noon] } },
  },
  '55-push-iso-read-back': {
    why: '`last` passes over nulls; Feast stores the row as it is',
    items: { last_page: { values: ['/isoz', '/same'], event_timestamps: [later, later] } },
  },
};

/** In strict mode: the very text of Feast, its status with another text, or ours. */
type StrictAnswer = 'text' | 'status' | 'ours';

const refused = (status: number, code: string, where: string, strict: StrictAnswer) => ({
  answer: { status, code, where },
  strict,
});

/** Pushes that Feast answers with 500; ours name the place. */
export const pushErrors: Readonly<Record<string, ReturnType<typeof refused>>> = {
  '56-push-without-created': refused(422, 'MR_PUSH_ROWS', 'df.created', 'status'),
  '57-push-missing-column': refused(422, 'MR_PUSH_ROWS', 'df.session_len', 'text'),
  '59-push-err-bad-to': refused(400, 'MR_SERVE_REQUEST', 'to', 'text'),
  '60-push-err-ragged': refused(400, 'MR_SERVE_REQUEST', 'df', 'text'),
  '61-push-offline': refused(400, 'MR_SERVE_REQUEST', 'to', 'ours'),
};
