// `millrace schema check|register|set`: schemas of records, judged by the evolution table.
import { Option, type Command } from 'commander';
import {
  checkStream,
  judgeAgainst,
  judgeFiles,
  readSchema,
  registerSchema,
  registryAt,
  schemaOfStream,
  setLevel,
  type StreamCheck,
  type WrittenSchema,
} from '../../app/schemas/project-schemas.ts';
import { levels, type Rule, type SchemaVerdict } from '../../app/schemas/judge-schema.ts';
import { resolveProject } from '../../app/config/resolve-project.ts';
import { type SchemaStream, schemaStreams } from '../../app/schemas/schema-streams.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Compatibility, SchemaRegistry } from '../../ports/schema-registry.ts';
import { type CliHost, type Invocation, newCommand, onAction } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { describeVerdict } from './schema-text.ts';

interface Flags {
  readonly against?: string;
  readonly registry?: string;
  readonly subject?: string;
  readonly stream?: string;
  readonly level?: Compatibility;
}

export function schemaCommand(host: CliHost): Command {
  const command = newCommand('schema', 'schemas of records: check a change, register, set levels', [
    'millrace schema check',
    'millrace schema check purchases.avsc --against old/purchases.avsc',
    'millrace schema register raw.purchases-value purchases.avsc --registry ./schemas',
    'millrace schema set FULL raw.purchases-value --registry http://localhost:8081',
  ]);
  return command
    .addCommand(checkSubcommand(host))
    .addCommand(registerSubcommand(host))
    .addCommand(setSubcommand(host));
}

function checkSubcommand(host: CliHost): Command {
  const check = newCommand(
    'check',
    'judge a changed schema by the evolution table; without a file: do all streams fit what is written?',
    [
      'millrace schema check --env production',
      'millrace schema check purchases.avsc --subject raw.purchases-value --registry ./schemas',
      'millrace schema check new.avsc --against old.avsc --level BACKWARD --json',
    ],
  )
    .argument('[file]', 'the new schema')
    .option('--against <file>', 'the schema before it')
    .option('--subject <name>', 'the subject whose versions came before')
    .option('--registry <where>', 'address or folder; default: of the streams, else ./schemas')
    .addOption(levelOption());
  return onAction<[string | undefined], Flags>(check, host, (invocation, [file], flags) =>
    file === undefined ? checkStreams(invocation) : checkFile(invocation, file, flags),
  );
}

function registerSubcommand(host: CliHost): Command {
  const register = newCommand('register', 'judge a schema and make it the newest of a subject', [
    'millrace schema register raw.purchases-value purchases.avsc --registry ./schemas',
    'millrace schema register raw.purchases-value --stream purchases',
  ])
    .argument('<subject>', 'usually <topic>-value')
    .argument('[file]', 'the schema')
    .option('--stream <name>', 'instead of a file: the schema of a stream as it is defined')
    .option('--registry <where>', 'address or folder; default: of the streams, else ./schemas')
    .addOption(levelOption());
  return onAction<[string, string | undefined], Flags>(
    register,
    host,
    async (invocation, [subject, file], flags) => {
      const schema = await writtenSchema(invocation, file, flags.stream);
      const registry = await registryOf(invocation, flags.registry, subject);
      const rule = flags.level ?? null;
      const { id, verdict } = await registerSchema(registry, subject, schema, rule);
      invocation.terminal.print(`${subject}: schema ${id} in ${registry.description}`);
      invocation.terminal.printJson({ subject, id, registry: registry.description, ...verdict });
      return exitCodes.ok;
    },
  );
}

function setSubcommand(host: CliHost): Command {
  const set = newCommand('set', 'set the level that subjects ask of new versions', [
    'millrace schema set FULL',
    'millrace schema set FULL raw.purchases-value --registry http://localhost:8081',
  ])
    .argument('<level>', levels.join(', '))
    .argument('[subjects...]', 'default: those of the streams')
    .option('--registry <where>', 'address or folder; default: of the streams, else ./schemas');
  return onAction<[string, readonly string[]], Flags>(
    set,
    host,
    async (invocation, [level, named], flags) => {
      const known = levels.find((candidate) => candidate === level.toUpperCase());
      if (known === undefined) throw usage(`"${level}" is no level`, `use ${levels.join(', ')}`);
      const streams = named.length > 0 ? [] : await streamsOf(invocation);
      const subjects = named.length > 0 ? named : streams.map(({ subject }) => subject);
      if (subjects.length === 0) throw usage('no stream has a registry', 'name the subjects');
      for (const subject of subjects) {
        const registry = await registryOf(invocation, flags.registry, subject);
        await setLevel(registry, subject, known);
        invocation.terminal.print(`${subject}: ${known} in ${registry.description}`);
      }
      invocation.terminal.printJson({ level: known, subjects });
      return exitCodes.ok;
    },
  );
}

function levelOption(): Option {
  return new Option('--level <level>', 'judge by this level alone, not by the table').choices(
    levels,
  );
}

async function checkFile(
  invocation: Invocation,
  file: string,
  { against, subject, registry: where, level }: Flags,
): Promise<ExitCode> {
  const schema = await readSchema(file);
  let verdict: SchemaVerdict;
  if (against !== undefined) {
    const rule: Rule = level ?? 'TABLE';
    verdict = judgeFiles(schema, await readSchema(against), rule);
  } else if (subject !== undefined) {
    const registry = await registryOf(invocation, where, subject);
    verdict = await judgeAgainst(registry, subject, schema, level ?? null);
  } else {
    throw usage('nothing to judge the schema against', 'give --against <file> or --subject <name>');
  }
  invocation.terminal.print(describeVerdict(verdict));
  invocation.terminal.printJson(verdict);
  return verdict.ok ? exitCodes.ok : exitCodes.userError;
}

async function checkStreams(invocation: Invocation): Promise<ExitCode> {
  const { baseDirectory } = await invocation.load();
  const checks: StreamCheck[] = [];
  for (const stream of await streamsOf(invocation)) {
    checks.push(await checkStream(stream, baseDirectory));
  }
  const { terminal } = invocation;
  if (checks.length === 0) terminal.print('no stream of this environment has a schema registry');
  for (const { stream, subject, version, id, ok, reasons } of checks) {
    const found = version === null ? 'has no schema yet' : `version ${version}, schema ${id}`;
    terminal.print(`${ok ? 'ok' : 'refused'}: ${stream} reads ${subject}: ${found}`);
    for (const { path, message } of reasons) terminal.print(`  "${path}" ${message}`);
  }
  const ok = checks.every((check) => check.ok);
  terminal.printJson({ ok, streams: checks });
  return ok ? exitCodes.ok : exitCodes.userError;
}

async function streamsOf({ load, options }: Invocation): Promise<readonly SchemaStream[]> {
  return schemaStreams(await resolveProject(await load(), { env: options.env }));
}

async function writtenSchema(
  invocation: Invocation,
  file: string | undefined,
  stream: string | undefined,
): Promise<WrittenSchema> {
  if (file !== undefined) return readSchema(file);
  if (stream === undefined) throw usage('no schema', 'name a file, or give --stream <name>');
  const streams = await streamsOf(invocation);
  const found = streams.find((candidate) => candidate.stream === stream);
  if (found !== undefined) return schemaOfStream(found);
  const names = streams.map((candidate) => candidate.stream).join(', ');
  throw usage(`no stream "${stream}" has a registry`, `use one of: ${names}`);
}

/** The registry that is named, else that of the stream with the subject, else `./schemas`. */
async function registryOf(
  invocation: Invocation,
  named: string | undefined,
  subject: string,
): Promise<SchemaRegistry> {
  if (named !== undefined) return registryAt(named, process.cwd());
  const loaded = await invocation.load().catch((error: unknown) => {
    if (error instanceof MillraceError && error.code === 'MR_CONFIG_NOT_FOUND') return null;
    throw error;
  });
  if (loaded === null) return registryAt('./schemas', process.cwd());
  const streams = await streamsOf(invocation);
  const own = streams.find((stream) => stream.subject === subject) ?? streams[0];
  return registryAt(own?.registry ?? './schemas', loaded.baseDirectory);
}

function usage(message: string, fix: string): MillraceError {
  return new MillraceError('MR_USAGE', message, { fix });
}
