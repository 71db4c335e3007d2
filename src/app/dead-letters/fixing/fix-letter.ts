// The ways to make an edited copy of a record: an expression, a function of the user's, an editor.
// Each gives the copy's bytes, or null to leave the letter alone.
import { resolve } from 'node:path';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { loadModule } from '../../config/load-module.ts';
import type { DeadLetterInfo } from '../stored-letter.ts';
import { applyEdit } from './apply-edit.ts';
import { parseEdit } from './edit-language.ts';
import { exactJsonText, parseExactJson } from './exact-json.ts';

/** How an edited copy is made: one of the three. */
export type FixMethod =
  /** An expression, as in `.amount |= round`. */
  | { readonly set: string }
  /** A module that exports `fix(record, letter)`: the new record (object, text or bytes), or null to skip it. */
  | { readonly script: string }
  /** Is given the newest copy (the record, at first) as text and gives the new one. */
  | {
      readonly edit: (
        text: string,
        letter: DeadLetterInfo,
      ) => string | null | Promise<string | null>;
    };

export interface Fixer {
  /** What a note says of it. */
  readonly by: string;
  /** Throws Error with what could not be done. */
  fix(letter: DeadLetterInfo): Promise<Uint8Array | null>;
}

/** Throws MR_USAGE and MR_CONFIG_INVALID for a method that cannot be used. */
export async function openFixer(method: FixMethod): Promise<Fixer> {
  if ('set' in method) return byExpression(method.set);
  if ('script' in method) return byScript(method.script);
  const { edit } = method;
  return {
    by: 'editor',
    fix: async (letter) => {
      const before = letter.fixed_event ?? letter.event;
      if (before === null) throw notText();
      const after = await edit(before, letter);
      return after === null || after.trim() === before.trim() ? null : Buffer.from(after.trim());
    },
  };
}

function byExpression(expression: string): Fixer {
  const edit = parseEdit(expression);
  return {
    by: expression,
    fix: (letter) => {
      const after = applyEdit(edit, recordOf(letter));
      if (typeof after !== 'object' || after === null || Array.isArray(after)) {
        throw new Error(`the result is no object but ${exactJsonText(after)}`);
      }
      return Promise.resolve(Buffer.from(exactJsonText(after)));
    },
  };
}

async function byScript(path: string): Promise<Fixer> {
  const { fix } = await loadModule(resolve(path), 1);
  if (typeof fix !== 'function') {
    throw new MillraceError('MR_CONFIG_INVALID', `${path} exports no function "fix"`, {
      context: { path },
      fix: 'export function fix(record, letter) { return { ...record, amount: 1 }; }',
    });
  }
  return {
    by: path,
    fix: async (letter) => {
      const after: unknown = await (fix as (...given: unknown[]) => unknown)(given(letter), letter);
      if (after === null || after === undefined) return null;
      if (after instanceof Uint8Array) return after;
      return Buffer.from(typeof after === 'string' ? after : exactJsonText(after));
    },
  };
}

/** An object where the record is JSON, else its text, else its bytes. */
function given(letter: DeadLetterInfo): unknown {
  if (letter.event === null) return Buffer.from(letter.event_base64, 'base64');
  try {
    return parseExactJson(letter.event);
  } catch {
    return letter.event;
  }
}

function recordOf({ event }: DeadLetterInfo): unknown {
  if (event === null) throw notText();
  try {
    return parseExactJson(event);
  } catch {
    throw new Error('the record is no JSON: give --script or --edit');
  }
}

function notText(): Error {
  return new Error('the record is no text: give --script, whose function is given the bytes');
}
