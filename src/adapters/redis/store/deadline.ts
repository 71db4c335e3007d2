// A request that takes too long is given up: what it may still answer is thrown away.
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';

/** What `task` gives, or MR_STORE_AWAY after `ms`. */
export function withDeadline<T>(task: Promise<T>, ms: number, name: string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      const message = `redis ${name} has not answered for ${ms} ms`;
      const fix = 'try again; readTimeout says how long a read may take';
      reject(new MillraceError('MR_STORE_AWAY', message, { context: { store: name }, fix }));
    }, ms);
    task.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error as Error);
      },
    );
  });
}
