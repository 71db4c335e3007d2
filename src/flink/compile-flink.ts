// A plan as Flink SQL: the streams that views read as tables, each window group of a view as a named
// query, one statement set that fills all sinks, so that Flink shares the scans. Pure: the same plan
// and tables give the same text, and a change of one view leaves the text of the others alone.
import { planFingerprint } from '../plan/fingerprint.ts';
import { type Plan, type StreamNode, streamOf, type ViewNode } from '../plan/plan.ts';
import { type FlinkProfileName, flinkProfiles } from './flink-profile.ts';
import { type FlinkFunctionName, functionStatement } from './flink-function.ts';
import type { FlinkProgram, FlinkStatement } from './flink-program.ts';
import type { FlinkTables } from './flink-tables.ts';
import { groupQuerySql } from './group-query.ts';
import type { Refusal } from './refusal.ts';
import { groupViewName, sinkStatements } from './sink-sql.ts';
import { described, sourceStatements } from './source-sql.ts';
import { commentText, quoteName, quoteText } from './sql-text.ts';
import { viewInput } from './view-input.ts';
import { type WindowGroup, windowGroups } from './window-group.ts';

/** What is compiled, for which version, bound to what. */
export interface CompileFlinkOptions {
  readonly plan: Plan;
  readonly tables: FlinkTables;
  /** Default `2.x`. */
  readonly profile?: FlinkProfileName;
}

/**
 * The SQL of a plan.
 *
 * Shape: a validated plan in, statements out; what Flink cannot compute is in `refusals`, all at once,
 * and the text is not to be used then. Guarantee: names of tables, views and columns follow from
 * names in the definitions alone.
 */
export function compileFlink({ plan, tables, profile = '2.x' }: CompileFlinkOptions): FlinkProgram {
  const refusals: Refusal[] = [];
  const functions = new Set<FlinkFunctionName>();
  const statements: FlinkStatement[] = [];
  const inserts: FlinkStatement[] = [];
  for (const stream of streamsInUse(plan)) {
    statements.push(...sourceStatements(stream, tables.source(stream.name), refusals));
  }
  const context = { plan, tables, profile, refusals, functions };
  for (const view of plan.views) {
    const compiled = compileView(view, context);
    statements.push(...compiled.statements);
    inserts.push(...compiled.inserts);
  }
  const known = [...settings(plan, tables), ...[...functions].sort().map(functionStatement)];
  const fingerprint = planFingerprint(plan);
  return { profile, fingerprint, statements: [...known, ...statements], inserts, refusals };
}

interface ViewContext {
  readonly plan: Plan;
  readonly tables: FlinkTables;
  readonly profile: FlinkProfileName;
  readonly refusals: Refusal[];
  readonly functions: Set<FlinkFunctionName>;
}

function compileView(
  view: ViewNode,
  { plan, tables, profile, refusals, functions }: ViewContext,
): Pick<FlinkProgram, 'statements' | 'inserts'> {
  const stream = streamOf(plan, view);
  const sinks = tables.sinks(view.name);
  const groups = windowGroups(view, refusals, sinks);
  const input = viewInput(view, stream, refusals);
  const statements = input.statement === null ? [] : [input.statement];
  const relations = new Map<WindowGroup, string>();
  for (const group of groups) {
    const name = groupViewName(view, group);
    const query = groupQuerySql({
      profile: flinkProfiles[profile],
      stream,
      view,
      group,
      input: input.name,
      refusals,
      functions,
    });
    const comment = commentText(`view ${view.name}, ${group.name}${described(view.description)}`);
    if (isInline(view, group)) {
      relations.set(group, `(\n  ${comment}\n${query.replaceAll(/^/gm, '  ')}\n)`);
      continue;
    }
    relations.set(group, quoteName(name));
    const text = [comment, `CREATE TEMPORARY VIEW ${quoteName(name)} AS`, query].join('\n');
    statements.push({ kind: 'view', name, origin: view.uid, text });
  }
  const filled = sinkStatements(view, relations, sinks, refusals);
  return { statements: [...statements, ...filled.tables], inserts: filled.inserts };
}

/** Flink writes `PARTITION BY` of a view's text anew, and loses all columns but one. */
function isInline({ key }: ViewNode, { window }: WindowGroup): boolean {
  return window.kind === 'session' && key.length > 1;
}

function streamsInUse(plan: Plan): readonly StreamNode[] {
  const used = new Set(plan.views.map((view) => streamOf(plan, view).name));
  return plan.streams.filter(({ name }) => used.has(name));
}

/** How a session has to be set for the queries to mean what the plan says. */
function settings(plan: Plan, tables: FlinkTables): readonly FlinkStatement[] {
  const options: Record<string, string> = {
    'pipeline.name': `millrace-${tables.project}`,
    'execution.runtime-mode': 'streaming',
    'table.local-time-zone': 'UTC',
    'table.exec.state.ttl': '0',
    'table.exec.mini-batch.enabled': 'false',
    'table.exec.sink.not-null-enforcer': 'DROP',
    'table.optimizer.reuse-source-enabled': 'true',
    'table.optimizer.reuse-sub-plan-enabled': 'true',
    ...fileSettings(plan, tables),
    ...checkpointSettings(tables),
  };
  return Object.entries(options).map(([name, value]) => ({
    kind: 'set',
    name,
    origin: 'plan',
    text: `SET ${quoteText(name)} = ${quoteText(value)}`,
  }));
}

/** Tables of files have no options for watermarks: they are made after every record then. */
function fileSettings(plan: Plan, tables: FlinkTables): Record<string, string> {
  const streams = streamsInUse(plan);
  const files = streams.filter(({ name }) => tables.source(name).connector === 'filesystem');
  if (files.length === 0) return {};
  const idle = files.map(({ eventTime }) => eventTime.idleTimeoutMs).filter((ms) => ms !== null);
  return {
    'pipeline.auto-watermark-interval': '0 ms',
    ...(idle.length === 0 ? {} : { 'table.exec.source.idle-timeout': `${Math.max(...idle)} ms` }),
  };
}

function checkpointSettings({ checkpointIntervalMs }: FlinkTables): Record<string, string> {
  if (checkpointIntervalMs === null) return {};
  return {
    'execution.checkpointing.interval': `${checkpointIntervalMs} ms`,
    'execution.checkpointing.mode': 'EXACTLY_ONCE',
  };
}
