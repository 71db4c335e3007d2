// Whether a JSON value has the shape of a manifest. Unknown fields are allowed, so that an older
// version of the same format can read what a newer one added.
import { isPlainName } from './names.ts';

/** Says what is wrong with a value at a path, or null. */
type Shape = (value: unknown, path: string) => string | null;

const text: Shape = (value, path) => (typeof value === 'string' ? null : `${path} is no text`);

const count: Shape = (value, path) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? null : `${path} is no count`;

const anything: Shape = (value, path) => (value === undefined ? `${path} is missing` : null);

const plainName: Shape = (value, path) =>
  typeof value === 'string' && isPlainName(value) ? null : `${path} is no name of a file`;

const orNull =
  (shape: Shape): Shape =>
  (value, path) =>
    value === null ? null : shape(value, path);

const listOf =
  (item: Shape): Shape =>
  (value, path) =>
    Array.isArray(value)
      ? firstProblem(value, (v, i) => item(v, `${path}[${i}]`))
      : `${path} is no list`;

const mapOf =
  (item: Shape): Shape =>
  (value, path) =>
    isObject(value)
      ? firstProblem(Object.entries(value), ([name, v]) => item(v, `${path}.${name}`))
      : `${path} is no object`;

const objectOf =
  (fields: Readonly<Record<string, Shape>>): Shape =>
  (value, path) =>
    isObject(value)
      ? firstProblem(Object.entries(fields), ([name, shape]) =>
          shape(value[name], path === '' ? name : `${path}.${name}`),
        )
      : `${path || 'the manifest'} is no object`;

const manifestShape: Shape = objectOf({
  id: count,
  job: text,
  createdAtMs: count,
  generation: count,
  plan: objectOf({ fingerprint: text, json: anything }),
  parallelism: count,
  sources: mapOf(objectOf({ positions: mapOf(anything), watermark: anything })),
  subtasks: listOf(
    objectOf({
      subtask: count,
      keyGroups: objectOf({ first: count, end: count }),
      segments: listOf(objectOf({ name: plainName, bytes: count, liveBytes: count })),
      added: listOf(plainName),
      head: objectOf({ name: plainName, bytes: count }),
      views: listOf(objectOf({ uid: text, schema: anything, entries: count })),
    }),
  ),
  sinks: mapOf(anything),
  counters: mapOf(count),
  storeEpoch: orNull(text),
});

/** What keeps a value from being a manifest, by the path of the field; null when it is one. */
export function shapeProblem(value: unknown): string | null {
  return manifestShape(value, '');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstProblem<T>(
  items: readonly T[],
  check: (item: T, index: number) => string | null,
): string | null {
  for (const [index, item] of items.entries()) {
    const problem = check(item, index);
    if (problem !== null) return problem;
  }
  return null;
}
