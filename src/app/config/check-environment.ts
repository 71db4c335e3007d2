// What can be wrong with an environment before anything is opened: streams without a source, names
// that nothing has, things that this version cannot do. All findings at once.
import type { Config, EnvironmentOptions } from '../../define/config.ts';
import type { ErrorCode } from '../../kernel/errors/catalogue.ts';
import type { Problem } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import { type Plan, streamOf } from '../../plan/plan.ts';
import type { Unavailable } from '../../ports/unavailable.ts';

export interface EnvironmentToCheck {
  readonly config: Config;
  readonly env: string;
  readonly environment: EnvironmentOptions;
  readonly plan: Plan;
  readonly streamsInUse: readonly string[];
}

class Findings {
  readonly problems: Problem[] = [];
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  add(severity: Problem['severity'], code: ErrorCode, place: string, text: [string, string]): void {
    const [message, fix] = text;
    const path = place === '' ? this.#prefix : `${this.#prefix}.${place}`;
    this.problems.push({ severity, code, path, message, fix });
  }
}

/** Problems of the environment, beyond those of the definitions. */
export function checkEnvironment(checked: EnvironmentToCheck): readonly Problem[] {
  const findings = new Findings(`environments.${checked.env}`);
  checkProjectName(checked.config, findings);
  checkStreams(checked, findings);
  checkBindings(checked.environment, findings);
  checkOutputs(checked, findings);
  checkClock(checked.environment, findings);
  return findings.problems;
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
  }
}

function checkBindings(environment: EnvironmentOptions, findings: Findings): void {
  const { online, offline, engine, checkpoints } = environment;
  if (online !== undefined) {
    checkOpenable(online, 'online', "embedded('./.millrace/online')", findings);
  }
  if (offline !== undefined) {
    checkOpenable(offline, 'offline', "featureLog('./.millrace/offline')", findings);
  }
  if (engine !== undefined) checkAvailable(engine, 'engine', findings);
  if (checkpoints !== undefined) {
    findings.add('warning', 'MR_NOT_AVAILABLE', 'checkpoints', [
      'this version writes no checkpoints yet: a run that is started again reads its input from the beginning',
      'leave `checkpoints` out until then; reading again never moves a value back',
    ]);
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
    findings.add('error', 'MR_NOT_AVAILABLE', place, [
      'this version writes to no other outputs yet than the online store and the feature log',
      'leave the output out',
    ]);
  }
}

function checkClock({ clock }: EnvironmentOptions, findings: Findings): void {
  if (clock === undefined || clock === 'wall' || clock === 'event') return;
  findings.add('error', 'MR_CONFIG_INVALID', 'clock', [
    `clock is ${JSON.stringify(clock)}`,
    "write 'wall' or 'event', or leave it out",
  ]);
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

function isUnavailable(binding: unknown): binding is Unavailable {
  return typeof binding === 'object' && binding !== null && 'unavailable' in binding;
}
