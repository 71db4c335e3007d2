// Where an S3 storage is and with which keys, from an address and the usual environment variables:
// `s3://bucket/prefix`, optionally `?endpoint=https://…&region=…`.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';

export interface S3Options {
  /** `s3://bucket/prefix`; `endpoint` and `region` may follow as `?name=value`. */
  readonly url: string;
  /** Of a server other than AWS; buckets are then named in the path. Default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL. */
  readonly endpoint?: string;
  /** Default: AWS_REGION, AWS_DEFAULT_REGION, `us-east-1`. */
  readonly region?: string;
  /** Environment variables to read; AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN are the keys. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Resolved: nothing is optional any more. */
export interface S3Location {
  readonly bucket: string;
  /** Begins every object's key: empty, or with a `/` at its end. */
  readonly prefix: string;
  /** What an object's key is appended to, ending in `/`. */
  readonly baseUrl: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
  /** Without keys. */
  readonly description: string;
}

const bucketPattern = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Throws MR_CONFIG_INVALID for an address that is none, and for keys that are missing. */
export function resolveLocation(options: S3Options): S3Location {
  const { env = process.env } = options;
  const url = parse(options.url);
  const asked = (name: 'endpoint' | 'region'): string | undefined =>
    options[name] ?? url.searchParams.get(name) ?? undefined;
  const endpoint = asked('endpoint') ?? env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'];
  const region = asked('region') ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1';
  const path = decodeURIComponent(url.pathname).replaceAll(/^\/+|\/+$/g, '');
  const prefix = path === '' ? '' : `${path}/`;
  const bucket = url.hostname;
  return {
    bucket,
    prefix,
    baseUrl: endpoint === undefined ? awsUrl(bucket, region) : `${endpointOf(endpoint)}/${bucket}/`,
    region,
    accessKeyId: required(env, 'AWS_ACCESS_KEY_ID'),
    secretAccessKey: required(env, 'AWS_SECRET_ACCESS_KEY'),
    sessionToken: env['AWS_SESSION_TOKEN'] ?? null,
    description: `s3://${bucket}/${path}${endpoint === undefined ? '' : ` at ${endpoint}`}`,
  };
}

function parse(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === 's3:' && bucketPattern.test(url.hostname)) return url;
  throw new MillraceError('MR_CONFIG_INVALID', `"${text}" is no address of an S3 bucket`, {
    fix: "write it as 's3://bucket/prefix'; names of buckets have lower case letters, digits, '-'",
  });
}

/** Names with dots do not fit the certificate of the bucket's own host name. */
function awsUrl(bucket: string, region: string): string {
  const host = `s3.${region}.amazonaws.com`;
  return bucket.includes('.') ? `https://${host}/${bucket}/` : `https://${bucket}.${host}/`;
}

function endpointOf(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) {
    return text.replace(/\/+$/, '');
  }
  throw new MillraceError('MR_CONFIG_INVALID', `"${text}" is no endpoint of an S3 server`, {
    fix: "write it as 'https://host:port'",
  });
}

function required(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name];
  if (value !== undefined && value !== '') return value;
  throw new MillraceError('MR_CHECKPOINT_ACCESS', `S3 needs the environment variable ${name}`, {
    fix: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for passing keys)',
  });
}
