// The bodies of `POST /push` and `POST /write-to-online-store`: a name, and rows as columns. Only the
// shape is checked here; integers beyond 2^53 come out as bigint.
import { parseJsonBody } from '../online/parse-request.ts';
import { invalidBody, RequestFailure } from '../online/request-failure.ts';

/** Rows as columns of equal length. */
export interface DataFrame {
  readonly columns: ReadonlyMap<string, readonly unknown[]>;
  readonly rowCount: number;
}

export interface FrameBody {
  readonly name: string;
  readonly df: DataFrame;
  readonly members: Readonly<Record<string, unknown>>;
}

/** Most rows of one request. */
const rowsMax = 100_000;

/** The body, whose name is the member `nameOf`; throws RequestFailure. */
export function parseFrameBody(body: Buffer, isJson: boolean, nameOf: string): FrameBody {
  const json = parseJsonBody(body, isJson);
  if (!isObject(json)) {
    const msg = 'Input should be a valid dictionary or object to extract fields from';
    throw invalidBody({ type: 'model_attributes_type', loc: ['body'], msg, input: json });
  }
  const name = json[nameOf];
  if (name === undefined) throw missing(nameOf, json);
  if (typeof name !== 'string') {
    const msg = 'Input should be a valid string';
    throw invalidBody({ type: 'string_type', loc: ['body', nameOf], msg, input: name });
  }
  if (json['df'] === undefined) throw missing('df', json);
  return { name, df: dataFrame(json['df']), members: json };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function missing(name: string, input: unknown): RequestFailure {
  return invalidBody({ type: 'missing', loc: ['body', name], msg: 'Field required', input });
}

function dataFrame(df: unknown): DataFrame {
  if (!isObject(df)) {
    const msg = 'Input should be a valid dictionary';
    throw invalidBody({ type: 'dict_type', loc: ['body', 'df'], msg, input: df });
  }
  const columns = new Map<string, readonly unknown[]>();
  for (const [name, values] of Object.entries(df)) {
    if (!Array.isArray(values)) {
      const msg = 'Input should be a valid list';
      throw invalidBody({ type: 'list_type', loc: ['body', 'df', name], msg, input: values });
    }
    columns.set(name, values);
  }
  const lengths = new Set([...columns.values()].map((values) => values.length));
  if (lengths.size > 1) throw ragged(columns);
  const [rowCount = 0] = lengths;
  if (rowCount > rowsMax) throw tooManyRows(rowCount);
  return { columns, rowCount };
}

function ragged(columns: ReadonlyMap<string, readonly unknown[]>): RequestFailure {
  const shown = [...columns].map(([name, values]) => `${name} ${values.length}`).join(', ');
  return new RequestFailure({
    code: 'MR_SERVE_REQUEST',
    status: 400,
    message: `the columns of df differ in length: ${shown}`,
    where: 'df',
    fix: 'give one value per row in each column',
    feast: { status: 500, body: 'All arrays must be of the same length' },
  });
}

function tooManyRows(rowCount: number): RequestFailure {
  return new RequestFailure({
    code: 'MR_SERVE_TOO_LARGE',
    status: 413,
    message: `${rowCount} rows are more than ${rowsMax}`,
    where: 'df',
    fix: `send at most ${rowsMax} rows at a time`,
  });
}
