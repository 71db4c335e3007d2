// Public entry `millrace`: everything a definition and a project file are written with.
export {
  type Aggregate,
  approxDistinct,
  avg,
  type CountByOptions,
  count,
  countBy,
  countDistinct,
  ewma,
  type Feature,
  first,
  firstN,
  last,
  lastN,
  max,
  median,
  min,
  quantile,
  type SpreadOptions,
  type SumOptions,
  stddev,
  sum,
  topK,
  variance,
} from './define/aggregate.ts';
export {
  aggregate,
  type StateOf,
  type UserAggregate,
  type UserAggregateOptions,
} from './define/user-aggregate.ts';
export { type BuiltPlan, buildPlan } from './define/build-plan.ts';
export {
  type CheckpointOptions,
  type DeadLetterOptions,
  type Config,
  defineConfig,
  type EngineBinding,
  type EnvironmentOptions,
  type FreshnessOptions,
  type ServingLogOptions,
  type TopicNeeds,
  type ExponentialRestart,
  type FailureRateRestart,
  type FixedDelayRestart,
  type OutputBinding,
  type RestartOptions,
  type StateOptions,
  type ViewOverride,
} from './define/config.ts';
export { type Entity, type EntityOptions, entity, type KeyOf } from './define/entity.ts';
export type {
  AnyExpr,
  BaseExpr,
  BoolExpr,
  ExprOf,
  NumericExpr,
  NumericKind,
  OrderedExpr,
  StringExpr,
  TimestampExpr,
} from './define/expression.ts';
export {
  type FeatureService,
  type FeatureServiceOptions,
  featureService,
  select,
  type ViewSelection,
} from './define/feature-service.ts';
export {
  type FeatureExprs,
  type FeaturesOf,
  type FeatureView,
  type FeatureViewOptions,
  featureView,
  type ViewExprs,
  type ViewExprsOf,
  type ViewValues,
  type ViewUpgrade,
} from './define/feature-view.ts';
export { type RowsShape, type RowsStream, rowsOf } from './define/rows-of.ts';
export { type FeatureMigration, migrate } from './define/migrate.ts';
export {
  type OnDemandKeyOf,
  type OnDemandView,
  type OnDemandViewOptions,
  onDemandView,
  type RequestOf,
  type SourceViews,
  type StoredExprs,
} from './define/on-demand-view.ts';
export { fromZod } from './define/from-zod.ts';
export type { FeatureStatus, OnlineRead, OnlineReader } from './define/online-reader.ts';
export {
  dayOfMonth,
  dayOfWeek,
  greatest,
  hourOfDay,
  least,
  lit,
  minuteOfHour,
  monthOfYear,
  year,
} from './define/expressions/scalar-functions.ts';
export {
  type EventTimeOptions,
  type FieldExprs,
  type RowOf,
  type Stream,
  type StreamOptions,
  stream,
} from './define/stream.ts';
export {
  type RowOfShape,
  type SchemaShape,
  type TypeBuilder,
  t,
  type ValueOf,
} from './define/type-builder.ts';
export {
  type CumulateOptions,
  cumulate,
  type HoppingOptions,
  hopping,
  lifetime,
  type RollingOptions,
  type RollingRowsOptions,
  rolling,
  session,
  type TumblingOptions,
  tumbling,
  type Window,
} from './define/window.ts';
export { type When, when } from './define/expressions/when.ts';
export type { Duration, DurationOr } from './kernel/duration.ts';
export {
  type ErrorContext,
  MillraceError,
  type Problem,
  ProblemsError,
} from './kernel/errors/millrace-error.ts';
export type { Plan } from './plan/plan.ts';
export type { ExistingRows } from './ports/online-store.ts';
export { type LoadedConfig, loadConfig } from './app/config/load-config.ts';
export { runSql, type SqlOptions, type SqlSummary } from './app/sql/run-sql.ts';
export type { RowColumn, RowKind, SqlRow } from './app/sql/sql-row.ts';
export { type FlinkSql, type FlinkSqlOptions, flinkSql } from './app/flink/flink-sql.ts';
export {
  type FlinkDeployOptions,
  type FlinkJobs,
  type FlinkJobsOptions,
  type FlinkSavepoint,
  flinkJobs,
} from './app/flink/deploy/flink-jobs.ts';
export type {
  FlinkCheckpointStatus,
  FlinkOperatorStatus,
  FlinkStatus,
} from './app/flink/deploy/flink-status.ts';
export { flinkParity, type FlinkParityOptions } from './app/flink/parity/flink-parity.ts';
export type { ParityEventOptions } from './app/flink/parity/choose-events.ts';
export type {
  FlinkParityEvents,
  FlinkParityReport,
  FlinkParityWindow,
} from './app/flink/parity/parity-report.ts';
export type { FlinkStateComparison } from './flink/deploy/compare-states.ts';
export type { FlinkDeployResult } from './flink/deploy/deploy-job.ts';
export type { FlinkStatefulOperator } from './flink/deploy/stable-ids.ts';
export {
  type App,
  type MillraceOptions,
  millrace,
  type RunSummary,
} from './app/millrace.ts';
export type { LagOptions } from './app/lag/lag-monitor.ts';
export type { Lags } from './app/lag/lags.ts';
export type { LagLevel, LagReport, LagThresholds, LagTrend, PartitionLag } from './observe/lag.ts';
export type { Offsets } from './app/offsets/offsets.ts';
export type { OffsetMove, ResetTarget } from './app/offsets/plan-reset.ts';
export type { ResetOptions, ResetResult } from './app/offsets/reset-offsets.ts';
export type { TopicDiff, TopicStep } from './app/topics/plan-topics.ts';
export type {
  AppliedStep,
  AppliedTopics,
  ApplyTopicsOptions,
  TopicPlan,
  Topics,
} from './app/topics/project-topics.ts';
export type { BehindRow, Coverage } from './app/replay/coverage.ts';
export type { CompareOptions, Comparison } from './app/replay/compare-jobs.ts';
export type {
  DifferenceExample,
  Distribution,
  FeatureComparison,
} from './app/replay/feature-difference.ts';
export type {
  MergeCounts,
  MergeKey,
  MergeOptions,
  MergeResult,
} from './app/replay/merge-rows.ts';
export type { PromoteOptions, Promotion, ReadersState } from './app/replay/promote-job.ts';
export type { DeadLetterFilter } from './app/dead-letters/choose-letters.ts';
export type {
  DeadLetterGroup,
  DeadLetterList,
  DeadLetters,
  FixOptions,
  LetterOutcome,
  LetterOutcomes,
  ReplayLettersOptions,
} from './app/dead-letters/dead-letters.ts';
export type { FixMethod } from './app/dead-letters/fixing/fix-letter.ts';
export type { DeadLetterInfo } from './app/dead-letters/stored-letter.ts';
export type {
  AppliedLate,
  AppliedView,
  ApplyLateOptions,
  LateFilter,
  LateGroup,
  LateList,
  LateRecords,
} from './app/late-records/late-records.ts';
export type { LateRecordInfo } from './app/late-records/stored-late.ts';
export type { Replays } from './app/replay/replays.ts';
export type { ReplayOptions, ReplayResult } from './app/replay/run-replay.ts';
export type { UndoResult } from './app/replay/undo-merge.ts';
export type { ViewComparison } from './app/replay/view-pairing.ts';
export type { RunOptions } from './app/run-project.ts';
export type { RunCheckpoints, RunProgress } from './app/run-report.ts';
export type {
  SavepointInfo,
  SavepointOptions,
  SavepointResult,
  Savepoints,
} from './app/recovery/savepoints.ts';
export type { JobStatus, StatusLease } from './app/status/job-status.ts';
export type { StatusState } from './app/status/judge-status.ts';
export type {
  CheckpointStatus,
  FailingStream,
  FreshnessStatus,
  HotKeyStatus,
  SourceStatus,
  SplitStatus,
  StatusDocument,
  StatusFailure,
  StatusProcess,
  StatusTime,
  SubtaskStatus,
} from './app/status/status-document.ts';
export type { StatusProblem } from './app/status/status-problems.ts';
export type {
  BackfilledView,
  BackfillOptions,
  BackfillResult,
} from './app/offline/backfill/backfill-project.ts';
export type { CompactLogOptions, CompactLogResult } from './app/offline/compact-project.ts';
export type { FeatureLogs } from './app/offline/feature-logs.ts';
export type { TrainMode, TrainOptions, TrainResult } from './app/offline/train-project.ts';
export type { ReplicateOptions, ReplicationProgress } from './app/regions/replicate-region.ts';
export type { SkewOptions } from './app/skew/measure-skew.ts';
export type {
  AgeQuantiles,
  FeatureSkew,
  FeatureVerdict,
  SkewExample,
  SkewReport,
  SkewThresholds,
  ViewSkew,
} from './app/skew/skew-report.ts';
export type { SkewCause } from './observe/skew/skew-cause.ts';
export type { ExportResult } from './app/export-view.ts';
export type { ServeOptions } from './app/serving/serve-options.ts';
export type { FeatureServer } from './serve/http/feature-server.ts';
