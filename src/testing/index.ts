// `millrace/testing`: what a team needs to test its features and its own adapters without servers.
export { brokenLaws } from './aggregate-laws.ts';
export type { AggregateSample } from './aggregate-laws.ts';
export { differences } from './compare-runs.ts';
export type { ComparedRun } from './compare-runs.ts';
export { deliver } from './oracle/delivery.ts';
export type { DeliveredRow, DeliveryOptions, DeliveryStep } from './oracle/delivery.ts';
export { runOracle } from './oracle/oracle.ts';
export type { OracleInput } from './oracle/oracle.ts';
export type { OracleLate, OracleResult, OracleVector } from './oracle/view-oracle.ts';
export type { OperatorRun, ViewRow } from './operator-runner.ts';
export { runPlan } from './plan-runner.ts';
export type { PlanRunInput } from './plan-runner.ts';
export { scriptedSource } from './scripted-source.ts';
export type { ScriptedSourceOptions, ScriptStep } from './scripted-source.ts';
export { virtualClock } from './virtual-clock.ts';
export type { VirtualClock } from './virtual-clock.ts';
