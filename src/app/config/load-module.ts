// Imports one module of a project. What can be wrong with it (no such file, a name that is not
// exported, syntax, an error that it throws) becomes a MillraceError that names the file.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { lastLoadedFile, projectModuleUrl, registerProjectModules } from './module-hooks.ts';

/** A module's exports by name. */
export type ModuleExports = Readonly<Record<string, unknown>>;

/** Imports the file at an absolute path; `generation` counts how often it is loaded anew. */
export async function loadModule(path: string, generation: number): Promise<ModuleExports> {
  registerProjectModules();
  try {
    return (await import(projectModuleUrl(path, generation))) as ModuleExports;
  } catch (error) {
    throw moduleError(path, error);
  }
}

function moduleError(path: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const { code, message } = describe(error);
  const isSyntax = error instanceof SyntaxError;
  const context = { path: placeIn(error) ?? (isSyntax ? lastLoadedFile() : null) ?? path };
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') {
    return new MillraceError('MR_CONFIG_INVALID', firstLine(withoutParameters(message)), {
      context,
      fix: 'correct the path of the import (with its ending, as in ./features/shop.ts), or install the package',
      cause: error,
    });
  }
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return new MillraceError('MR_CONFIG_INVALID', firstLine(message), {
      context,
      fix: 'use TypeScript that is only types beside JavaScript: no enum, no namespace, no parameter property',
      cause: error,
    });
  }
  return new MillraceError('MR_CONFIG_INVALID', withoutParameters(message), {
    context,
    cause: error,
  });
}

function describe(error: unknown): { readonly code: string; readonly message: string } {
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return {
    code,
    message: error.name === 'Error' ? error.message : `${error.name}: ${error.message}`,
  };
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}

function withoutParameters(text: string): string {
  return text.replaceAll(/\?generation=\d+/g, '').replaceAll('file://', '');
}

/** `file:line` of the first project file in the stack, also where a syntax error is. */
function placeIn(error: unknown): string | null {
  if (!(error instanceof Error) || error.stack === undefined) return null;
  const match = /(file:\/\/[^\s:?]+)(?:\?generation=\d+)(?::(\d+))?/.exec(error.stack);
  if (match?.[1] === undefined) return null;
  const path = fileURLToPath(match[1]);
  if (!existsSync(path)) return null;
  return match[2] === undefined ? path : `${path}:${match[2]}`;
}
