// A registry that somebody else wrote: refused when it is none, or of another format.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { type RegistryDocument, registryFormat } from './registry-document.ts';

const lists = ['entities', 'streams', 'views', 'on_demand', 'services', 'lineage'] as const;

/** Throws MR_FEATURE_REGISTRY; `place` is the file or the address that the text is from. */
export function parseRegistry(text: string, place: string): RegistryDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refused(`${place} is not JSON`, 'give a registry.json', cause);
  }
  const document = (value ?? {}) as Partial<RegistryDocument>;
  if (typeof value !== 'object' || document.kind !== 'millrace-registry') {
    throw refused(`${place} is no registry of millrace`, 'write one: millrace registry write');
  }
  if (document.format !== registryFormat) {
    const found = JSON.stringify(document.format) ?? 'none';
    const isNewer = Number(document.format) > registryFormat;
    throw refused(
      `${place} is of format ${found}, and this version of millrace reads ${registryFormat}`,
      isNewer
        ? 'use the version of millrace that wrote it'
        : 'write it again: millrace registry write',
    );
  }
  for (const name of lists) {
    const entries: unknown = document[name];
    if (!Array.isArray(entries) || !entries.every((entry) => isEntry(name, entry))) {
      throw refused(
        `${place} is damaged: "${name}" is no list of them`,
        'write it again: millrace registry write',
      );
    }
  }
  return document as RegistryDocument;
}

function isEntry(list: (typeof lists)[number], entry: unknown): boolean {
  if (typeof entry !== 'object' || entry === null) return false;
  const { name, from, to, fingerprint, version, earlier, features } = entry as Record<
    string,
    unknown
  >;
  if (list === 'lineage') return typeof from === 'string' && typeof to === 'string';
  if (typeof name !== 'string') return false;
  if (list === 'services') return Array.isArray(features);
  if (list !== 'views' && list !== 'on_demand') return true;
  return (
    typeof fingerprint === 'string' &&
    Number.isSafeInteger(version) &&
    Array.isArray(earlier) &&
    Array.isArray(features)
  );
}

function refused(message: string, fix: string, cause?: unknown): MillraceError {
  return new MillraceError('MR_FEATURE_REGISTRY', message, {
    fix,
    ...(cause === undefined ? {} : { cause }),
  });
}
