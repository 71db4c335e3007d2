// Names of what belongs to a job: `<base>/manifests/<id>.json`, `<base>/segments/<file>`, and below
// the job itself `lock.json` and `savepoints/<name>/`, which is a base of its own. Ids have 12
// digits, so that names sort as ids do.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';

const idDigits = 12;
const manifestPattern = /\/manifests\/(\d{12})\.json$/;
const namePattern = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;

export function manifestName(base: string, id: number): string {
  return `${manifestPrefix(base)}${String(id).padStart(idDigits, '0')}.json`;
}

export function manifestPrefix(base: string): string {
  return `${base}/manifests/`;
}

/** The id in a manifest's name; null for another name. */
export function manifestIdOf(name: string): number | null {
  const digits = manifestPattern.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** Where a file lies that manifests of `base` name. */
export function fileName(base: string, file: string): string {
  return `${base}/segments/${file}`;
}

export function lockName(job: string): string {
  return `${job}/lock.json`;
}

export function savepointsPrefix(job: string): string {
  return `${job}/savepoints/`;
}

/** The base of a savepoint; MR_SAVEPOINT_NAME when it cannot be a name. */
export function savepointBase(job: string, name: string): string {
  if (!isPlainName(name)) {
    throw new MillraceError('MR_SAVEPOINT_NAME', `"${name}" cannot be the name of a savepoint`, {
      context: { job },
      fix: 'use letters, digits, ".", "_" and "-", at most 200, not beginning with a dot',
    });
  }
  return `${savepointsPrefix(job)}${name}`;
}

/** Whether a text is one part of an object's name: no separators, nothing that a folder means. */
export function isPlainName(text: string): boolean {
  return namePattern.test(text);
}
