// What can be wrong with an environment before anything is opened: streams without a source, names
// that nothing has, things that this version cannot do. All findings at once.
import type { Config, EnvironmentOptions } from '../../define/config.ts';
import { MillraceError, type Problem } from '../../kernel/errors/millrace-error.ts';
import { parseDuration } from '../../kernel/duration.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import { type Plan, streamOf } from '../../plan/plan.ts';
import { viewsRead } from '../../plan/rows-stream.ts';
import type { KafkaBinding } from '../../adapters/kafka/kafka.ts';
import type { Unavailable } from '../../ports/unavailable.ts';
import { isKafkaBinding } from '../outputs/kafka-binding.ts';
import { isPushBinding } from '../push/push-binding.ts';
import { storageAt } from '../recovery/storage-at.ts';
import { storedViews } from '../stored-views.ts';
import { checkServingLog } from '../skew/serving-log-settings.ts';
import { checkTopic } from './check-topics.ts';
import { Findings } from './findings.ts';
import { type RunSettings, resolveRunSettings } from './run-settings.ts';

/** What running needs and planning does not: it is there on another machine, or in another version. */
export const refusedWhenNeeded: readonly string[] = ['MR_NOT_AVAILABLE', 'MR_CHECKPOINT_ACCESS'];

export interface EnvironmentToCheck {
  readonly config: Config;
  readonly env: string;
  readonly environment: EnvironmentOptions;
  readonly plan: Plan;
  readonly streamsInUse: readonly string[];
}

export interface CheckedEnvironment {
  /** Beyond those of the definitions. */
  readonly problems: readonly Problem[];
  readonly settings: RunSettings;
}

/** Problems of the environment, and how its runs keep state. */
export function checkEnvironment(checked: EnvironmentToCheck): CheckedEnvironment {
  const findings = new Findings(`environments.${checked.env}`);
  checkProjectName(checked.config, findings);
  checkStreams(checked, findings);
  checkBindings(checked.environment, findings);
  checkStored(checked, findings);
  checkOutputs(checked, findings);
  checkClock(checked.environment, findings);
  checkFreshness(checked.environment, findings);
  checkServingLog(checked.environment, findings);
  const { environment, streamsInUse } = checked;
  const isBounded = streamsInUse.every((name) => environment.streams?.[name]?.bounded === true);
  const settings = resolveRunSettings(environment, isBounded, findings);
  checkPlace(settings, findings);
  checkThreads(checked, settings, findings);
  return { problems: findings.problems, settings };
}

function checkProjectName({ project }: Config, findings: Findings): void {
  if (typeof project === 'string' && /^[a-z0-9][a-z0-9_-]*$/.test(project)) return;
  findings.problems.push({
    severity: 'error',
    code: 'MR_CONFIG_INVALID',
    path: 'project',
    message: `the project is named ${JSON.stringify(project)}`,
    fix: "use lower case letters, digits, _ and -, as in 'shop'",
  });
}

function checkStreams(checked: EnvironmentToCheck, findings: Findings): void {
  const { plan, environment, streamsInUse } = checked;
  const bound = environment.streams ?? {};
  const known = plan.streams.map(({ name }) => name);
  for (const name of streamsInUse) {
    if (Object.hasOwn(bound, name)) continue;
    const readers = plan.views.filter((view) => streamOf(plan, view).name === name);
    const who = readers.map((view) => view.name).join(', ');
    const slip = Object.keys(bound).find((other) => !known.includes(other));
    const fix =
      slip === undefined ? `add ${name}: file('./data/${name}.jsonl')` : `rename "${slip}"?`;
    findings.add('error', 'MR_CONFIG_UNBOUND_STREAM', 'streams', [
      `stream "${name}", which ${who} reads, has no source`,
      fix,
    ]);
  }
  for (const [name, source] of Object.entries(bound)) {
    const place = `streams.${name}`;
    if (!known.includes(name)) {
      const text: [string, string] = [`there is no stream "${name}"`, suggestName(name, known)];
      findings.add('error', 'MR_CONFIG_UNBOUND_STREAM', place, text);
    }
    checkOpenable(source, place, "file('./data/purchases.jsonl')", findings);
    const stream = plan.streams.find((other) => other.name === name);
    if (stream?.rowsOf !== undefined) {
      findings.add('error', 'MR_CONFIG_INVALID', place, [
        `the rows of view "${stream.rowsOf}" come from that view, not from a source`,
        'leave it out',
      ]);
    }
    if (stream !== undefined && isKafkaBinding(source)) checkTopic(source, stream, findings);
    if (isPushBinding(source)) checkPushed(name, environment, findings);
  }
}

/** Pushed records are let go once checkpoints are past them: without any, the log only grows. */
function checkPushed(name: string, { checkpoints }: EnvironmentOptions, findings: Findings): void {
  if (checkpoints !== undefined) return;
  findings.add('warning', 'MR_CONFIG_INVALID', `streams.${name}`, [
    `"${name}" is pushed to, and without checkpoints every run reads all of it again`,
    "add checkpoints: { directory: './.millrace/checkpoints' }",
  ]);
}

function checkBindings(environment: EnvironmentOptions, findings: Findings): void {
  const { online, offline } = environment;
  if (online !== undefined) {
    checkOpenable(online, 'online', "embedded('./.millrace/online')", findings);
  }
  if (offline !== undefined) {
    checkOpenable(offline, 'offline', "featureLog('./.millrace/offline')", findings);
  }
}

/** What the online store cannot keep as it is defined. */
function checkStored({ environment, plan }: EnvironmentToCheck, findings: Findings): void {
  const found = environment.online?.problems?.(storedViews(plan)) ?? [];
  for (const { code, message, fix } of found) findings.add('error', code, 'online', [message, fix]);
}

/** Views hand rows on within one thread: more would stand idle. */
function checkThreads(
  { plan, environment }: EnvironmentToCheck,
  { parallelism }: RunSettings,
  findings: Findings,
): void {
  const [read] = viewsRead(plan);
  const isMeant = typeof environment.parallelism === 'number' && parallelism > 1;
  if (read === undefined || !isMeant || isUnavailable(environment.engine)) return;
  findings.add('warning', 'MR_CONFIG_INVALID', 'parallelism', [
    `views read the rows of ${read}, and such a job is computed in one thread, whatever parallelism says`,
    'leave parallelism out, or give those views a project of their own',
  ]);
}

/** An address that is none is found before anything runs. */
function checkPlace({ checkpoints }: RunSettings, findings: Findings): void {
  if (checkpoints === null || checkpoints.directory === '') return;
  try {
    storageAt(checkpoints.directory, '.');
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const text: [string, string] = [error.message, error.fix ?? ''];
    findings.add('error', error.code, 'checkpoints.directory', text);
  }
}

function checkOutputs({ environment, plan }: EnvironmentToCheck, findings: Findings): void {
  const views = plan.views.map(({ name }) => name);
  for (const [view, output] of Object.entries(environment.outputs ?? {})) {
    const place = `outputs.${view}`;
    if (!views.includes(view)) {
      const text: [string, string] = [`there is no view "${view}"`, suggestName(view, views)];
      findings.add('error', 'MR_UNKNOWN_VIEW', place, text);
    }
    if (checkAvailable(output, place, findings)) continue;
    if (isKafkaBinding(output)) checkDelivery(output, { place, environment, findings });
    else {
      findings.add('error', 'MR_CONFIG_INVALID', place, [
        `${place} is nothing that can be written to`,
        "write kafka({ brokers: ['localhost:9092'], topic: 'features.user_spend' })",
      ]);
    }
  }
}

interface OutputPlace {
  readonly place: string;
  readonly environment: EnvironmentOptions;
  readonly findings: Findings;
}

/** What needs to know how far a run has come, and which cluster's transaction decides. */
function checkDelivery(
  { options }: KafkaBinding,
  { place, environment, findings }: OutputPlace,
): void {
  const { delivery = 'at-least-once' } = options;
  if (delivery === 'at-least-once') return;
  if (environment.checkpoints === undefined) {
    findings.add('error', 'MR_CONFIG_INVALID', place, [
      `${delivery} output needs checkpoints`,
      "add checkpoints: { directory: './.millrace/checkpoints' }, or use 'at-least-once'",
    ]);
  }
  if (delivery === 'at-most-once') return;
  const first = Object.entries(environment.outputs ?? {}).find(
    ([, other]) => isKafkaBinding(other) && other.options.delivery === 'exactly-once',
  );
  const isElsewhere = (other: KafkaBinding): boolean =>
    !other.options.brokers.some((broker) => options.brokers.includes(broker));
  if (first === undefined || !isKafkaBinding(first[1]) || !isElsewhere(first[1])) return;
  findings.add('error', 'MR_CONFIG_INVALID', place, [
    `exactly-once output goes to one cluster, and outputs.${first[0]} is on another`,
    "use 'at-least-once' for one of them; name the same brokers where the cluster is the same",
  ]);
}

function checkClock({ clock }: EnvironmentOptions, findings: Findings): void {
  if (clock === undefined || clock === 'wall' || clock === 'event') return;
  findings.add('error', 'MR_CONFIG_INVALID', 'clock', [
    `clock is ${JSON.stringify(clock)}`,
    "write 'wall' or 'event', or leave it out",
  ]);
}

function checkFreshness({ freshness }: EnvironmentOptions, findings: Findings): void {
  const { target = 1, window = '1m' } = freshness ?? {};
  const wrong = (name: string, value: unknown, fix: string): void =>
    findings.add('error', 'MR_CONFIG_INVALID', `freshness.${name}`, [
      `freshness.${name} is ${JSON.stringify(value)}`,
      fix,
    ]);
  if (typeof target !== 'number' || !(target > 0 && target <= 1)) {
    wrong('target', target, 'write a share of rows above 0 and at most 1, as in 0.999');
  }
  if ((parseDuration(window) ?? 0) < 1000) {
    wrong('window', window, "write a duration of a second or more, as in '5m'");
  }
}

function checkOpenable(binding: unknown, place: string, example: string, findings: Findings): void {
  if (typeof binding === 'object' && binding !== null && 'open' in binding) {
    checkAvailable(binding, place, findings);
    return;
  }
  findings.add('error', 'MR_CONFIG_INVALID', place, [
    `${place} is ${JSON.stringify(binding) ?? 'undefined'}: nothing that can be opened`,
    `write ${example}`,
  ]);
}

/** Reports a binding that this version cannot use; true if it did. */
function checkAvailable(binding: unknown, place: string, findings: Findings): boolean {
  if (!isUnavailable(binding)) return false;
  const { message, fix } = binding.unavailable;
  findings.add('error', 'MR_NOT_AVAILABLE', place, [message, fix]);
  return true;
}

/** Whether a binding cannot be opened in this process. */
export function isUnavailable(binding: unknown): binding is Unavailable {
  return typeof binding === 'object' && binding !== null && 'unavailable' in binding;
}
