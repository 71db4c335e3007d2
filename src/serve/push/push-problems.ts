// The ways in which rows cannot be taken, each with our words and Feast's.
import { shownJson } from '../online/shown-json.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import { RequestFailure, feastError } from '../online/request-failure.ts';

/** A value of a row that does not fit its field. */
export interface RowProblem {
  /** Number of the row, from 0. */
  readonly row: number;
  readonly field: string;
  readonly message: string;
}

/** Rows that do not fit; nothing was taken of any of them. */
export class RowProblems extends MillraceError {
  readonly rows: readonly RowProblem[];

  constructor(what: string, rows: readonly RowProblem[]) {
    const [first] = rows;
    const count = new Set(rows.map(({ row }) => row)).size;
    const message = `${count === 1 ? 'a row does' : `${count} rows do`} not fit ${what}: row ${first?.row}: ${first?.message}`;
    super('MR_PUSH_ROWS', message, {
      context: { path: `df.${first?.field}[${first?.row}]` },
      fix: 'correct the rows and send all of them again: none was taken',
    });
    this.rows = rows;
  }
}

export function unknownSource(name: string, known: readonly string[]): RequestFailure {
  return new RequestFailure({
    code: 'MR_PUSH_SOURCE',
    status: 422,
    message: `there is no stream "${name}"`,
    where: 'push_source_name',
    fix: suggestName(name, known),
    feast: feastError(422, 'PushSourceNotFoundException', `Unable to find push source '${name}'.`),
    asFeast: true,
  });
}

export function missingColumn(
  name: string,
  what: string,
  given: readonly string[],
): RequestFailure {
  return new RequestFailure({
    code: 'MR_PUSH_ROWS',
    status: 422,
    message: `the rows have no column "${name}", which ${what} needs`,
    where: `df.${name}`,
    fix: suggestName(name, given),
    feast: { status: 500, body: `"['${name}'] not in index"` },
  });
}

export function wrongTarget(to: unknown): RequestFailure {
  const allowed = "['online', 'offline', 'online_and_offline']";
  const text = typeof to === 'string' ? to : (shownJson(to) ?? '');
  const isOffline = to === 'offline';
  return new RequestFailure({
    code: 'MR_SERVE_REQUEST',
    status: 400,
    message: isOffline
      ? 'a pushed row is a record of a stream: what is computed of it goes to the store and to the log'
      : `to is ${text}`,
    where: 'to',
    fix: "write 'online' or 'online_and_offline', or leave it out: they mean the same",
    ...(isOffline
      ? {}
      : {
          feast: {
            status: 500,
            body: `${text} is not a supported push format. Please specify one of these ${allowed}.`,
          },
        }),
  });
}

export function unknownObject(name: string, known: readonly string[]): RequestFailure {
  return new RequestFailure({
    code: 'MR_UNKNOWN_VIEW',
    status: 404,
    message: `there is no view "${name}" with stored rows`,
    where: 'feature_view_name',
    fix: suggestName(name, known),
    feast: feastError(
      404,
      'FeastObjectNotFoundException',
      `Can't recognize feast object with a name ${name}`,
    ),
    asFeast: true,
  });
}
