// The ways in which a request for features is wrong, each with our words and Feast's. Feast's own
// texts are what its 0.67 server sends; strict mode repeats them.
import { type Field, formatField } from '../../kernel/types/field-type.ts';
import { RequestFailure, feastError } from './request-failure.ts';
import type { ServedView } from '../read/served-view.ts';

export function unknownView(
  name: string,
  project: string,
  where: string,
  fix: string,
): RequestFailure {
  const message = `Feature view ${name} does not exist in project ${project}`;
  return new RequestFailure({
    code: 'MR_UNKNOWN_VIEW',
    status: 404,
    message,
    where,
    fix,
    feast: feastError(404, 'FeatureViewNotFoundException', message),
    asFeast: true,
  });
}

export function unknownService(name: string, project: string, fix: string): RequestFailure {
  const message = `Feature service ${name} does not exist in project ${project}`;
  return new RequestFailure({
    code: 'MR_UNKNOWN_SERVICE',
    status: 404,
    message,
    where: 'feature_service',
    fix,
    feast: feastError(404, 'FeatureServiceNotFoundException', message),
    asFeast: true,
  });
}

export function unknownFeature(
  view: string,
  feature: string,
  where: string,
  fix: string,
): RequestFailure {
  return new RequestFailure({
    code: 'MR_UNKNOWN_FEATURE',
    status: 400,
    message: `view "${view}" has no feature "${feature}"`,
    where,
    fix,
    feast: { status: 500, body: `'Feature ${feature} not found in projection ${view}'` },
  });
}

export function malformedReference(text: string, where: string): RequestFailure {
  const feast = `Invalid feature reference '${text}'. Expected format: '<feature_view>:<feature>' or '<feature_view>@<version>:<feature>'`;
  return new RequestFailure({
    code: 'MR_SERVE_REQUEST',
    status: 400,
    message: `"${text}" is not a feature reference`,
    where,
    fix: 'write view:feature',
    feast: { status: 500, body: feast },
  });
}

export function noFeatures(): RequestFailure {
  return new RequestFailure({
    code: 'MR_SERVE_REQUEST',
    status: 400,
    message: 'the request names no features',
    where: 'features',
    fix: 'give features (a list of view:feature) or feature_service (a name)',
    feast: { status: 500, body: 'No features specified for retrieval' },
  });
}

export function nameCollision(name: string, fullNames: boolean): RequestFailure {
  const advice = fullNames
    ? "please ensure that the feature views or their own features have different names. If you're intentionally joining the same feature view twice on different sets of entities, please rename one of the feature views with '.with_name'."
    : "either use the full feature name by setting 'full_feature_names=True', or ensure that the features in question have different names.";
  const feast = `Duplicate features named ${name} found.\nTo resolve this collision, ${advice}`;
  return new RequestFailure({
    code: 'MR_SERVE_REQUEST',
    status: 400,
    message: `two features of the answer would be called "${name}"`,
    where: 'features',
    fix: fullNames ? 'ask for each feature once' : 'set full_feature_names to true',
    feast: feastError(500, 'FeatureNameCollisionError', feast),
  });
}

export function emptyEntities(view: ServedView): RequestFailure {
  return new RequestFailure({
    ...missingParts(view),
    feast: { status: 500, body: "'pop from an empty set'" },
  });
}

/** No column is a key of the view. `known` are all join keys of the plan. */
export function missingKeys(
  view: ServedView,
  known: readonly string[],
  given: readonly string[],
  columns: readonly string[],
): RequestFailure {
  const parts = missingParts(view);
  return new RequestFailure({
    ...parts,
    message: `${parts.message}; it has ${columns.join(', ')}`,
    feast: { status: 500, body: missingText(known, given, known) },
  });
}

/** The entity columns hold no row. */
export function noRows(known: readonly string[], given: readonly string[]): RequestFailure {
  return new RequestFailure({
    code: 'MR_SERVE_REQUEST',
    status: 400,
    message: 'the entity columns hold no values',
    where: 'entities',
    fix: 'give at least one value per join key',
    feast: { status: 500, body: missingText(known, given, known) },
  });
}

function missingParts(view: ServedView) {
  const names = view.key.map(({ name }) => name).join(', ');
  return {
    code: 'MR_SERVE_REQUEST',
    status: 400,
    message: `the request has no column for ${names}, the key of view "${view.name}"`,
    where: 'entities',
    fix: `add ${names} to entities, a list each`,
  } as const;
}

function missingText(
  known: readonly string[],
  given: readonly string[],
  empty: readonly string[],
): string {
  const list = (names: readonly string[]): string =>
    `[${[...names]
      .sort()
      .map((name) => `'${name}'`)
      .join(', ')}]`;
  const missing = known.filter((name) => !given.includes(name));
  return `"Missing join key values for keys: ${list(missing)}. No values provided for keys: ${list(empty)}. Provided join_key_values: ${list(given)}"`;
}

/** What an on-demand view is computed of is not in the request. */
export function missingRequestData(view: string, fields: readonly Field[]): RequestFailure {
  const names = fields.map(({ name }) => name);
  const quoted = names.map((name) => `'${name}'`).join(', ');
  return new RequestFailure({
    code: 'MR_SERVE_REQUEST',
    status: 404,
    message: `view "${view}" is computed from ${names.join(', ')}, which the request does not bring`,
    where: 'entities',
    fix: `add ${fields.map((field) => formatField(field)).join(', ')} to entities, a list each`,
    feast: feastError(
      404,
      'RequestDataNotFoundInEntityRowsException',
      `Required request data source features [${quoted}] not found in the entity rows, but required by feature views`,
    ),
    asFeast: true,
  });
}

export function unequalLengths(lengths: ReadonlyMap<string, number>): RequestFailure {
  const shown = [...lengths].map(([name, length]) => `${name} ${length}`).join(', ');
  return new RequestFailure({
    code: 'MR_SERVE_REQUEST',
    status: 400,
    message: `the entity columns differ in length: ${shown}`,
    where: 'entities',
    fix: 'give one value per row in each column',
    feast: { status: 500, body: 'All entity rows must have the same columns.' },
  });
}

export function tooManyValues(rows: number, features: number, valuesMax: number): RequestFailure {
  return new RequestFailure({
    code: 'MR_SERVE_TOO_LARGE',
    status: 413,
    message: `${rows} rows × ${features} features are more than ${valuesMax} values`,
    where: 'entities',
    fix: `ask for at most ${Math.max(1, Math.floor(valuesMax / features))} rows at a time`,
  });
}
