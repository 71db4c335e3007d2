// Flink's compiled plan with operator ids that follow from the definitions. Flink numbers operators as it
// meets them, so that a new view would hand the state of one aggregate to another; here the id of an
// operator with state is a hash of what it keeps and for which rows. The same id therefore means that
// the state can be read and has the same meaning; anything else gets another id and begins empty.
import { createHash } from 'node:crypto';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';

/** An operator of a plan that keeps state from one checkpoint to the next. */
export interface FlinkStatefulOperator {
  readonly id: number;
  /** Tables that its rows go to; of a source the table itself. */
  readonly owner: string;
  /** For people: `OverAggregate(…)`. */
  readonly description: string;
}

/** A compiled plan, ready to be executed. */
export interface StablePlan {
  readonly json: string;
  readonly operators: readonly FlinkStatefulOperator[];
}

interface PlanNode {
  id: number;
  readonly type: string;
  readonly description: string;
  readonly outputType?: unknown;
}
interface PlanEdge {
  source: number;
  target: number;
}
interface CompiledPlan {
  readonly nodes: readonly PlanNode[];
  readonly edges: readonly PlanEdge[];
}

const statelessTypes =
  /^stream-exec-(?:calc|exchange|union|watermark-assigner|local-window-aggregate|expand|values|correlate|window-table-function|drop-update-before|changelog-normalize-none)_/;
const sourceType = /^stream-exec-table-source-scan_/;
const sinkType = /^stream-exec-sink_/;

/**
 * Gives every operator of a compiled plan (JSON of `COMPILE PLAN`) its lasting id. `soleGroups`: the
 * window group of an output table that is for one alone.
 */
export function stablePlan(
  compiled: string,
  soleGroups: ReadonlyMap<string, string> = new Map(),
): StablePlan {
  const plan = JSON.parse(compiled) as CompiledPlan;
  const graph = graphOf(plan, soleGroups);
  const taken = new Map<number, string>();
  const renamed = new Map<number, number>();
  const operators: FlinkStatefulOperator[] = [];
  for (const node of plan.nodes) {
    const isStateful = !statelessTypes.test(node.type);
    const owner = isStateful ? ownerOf(node, graph) : '';
    let key = isStateful ? stateKey(node, owner) : `${node.type} ${pathKey(node, graph)}`;
    // Two that look the same: each by all that comes before it, so that none takes the other's place.
    while (taken.has(idOf(key))) key = `${key} ${upstreamKey(node, graph)}`.concat('+');
    taken.set(idOf(key), key);
    renamed.set(node.id, idOf(key));
    if (isStateful) operators.push({ id: idOf(key), owner, description: node.description });
  }
  for (const node of plan.nodes) node.id = newId(renamed, node.id);
  for (const edge of plan.edges) {
    edge.source = newId(renamed, edge.source);
    edge.target = newId(renamed, edge.target);
  }
  return { json: JSON.stringify(plan), operators };
}

function newId(renamed: ReadonlyMap<number, number>, id: number): number {
  const found = renamed.get(id);
  if (found !== undefined) return found;
  throw new MillraceError('MR_INTERNAL', `a compiled plan has no node ${id}`);
}

interface Graph {
  readonly node: (id: number) => PlanNode;
  readonly before: (id: number) => readonly PlanNode[];
  readonly after: (id: number) => readonly PlanNode[];
  readonly soleGroups: ReadonlyMap<string, string>;
}

function graphOf({ nodes, edges }: CompiledPlan, soleGroups: ReadonlyMap<string, string>): Graph {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const bySource = Map.groupBy(edges, ({ source }) => source);
  const byTarget = Map.groupBy(edges, ({ target }) => target);
  const node = (id: number): PlanNode => {
    const found = byId.get(id);
    if (found !== undefined) return found;
    throw new MillraceError('MR_INTERNAL', `a compiled plan has no node ${id}`);
  };
  return {
    node,
    soleGroups,
    before: (id) => (byTarget.get(id) ?? []).map(({ source }) => node(source)),
    after: (id) => (bySource.get(id) ?? []).map(({ target }) => node(target)),
  };
}

/** What the state is made of: the same text, the same bytes. */
function stateKey({ type, description, outputType }: PlanNode, owner: string): string {
  // Where records come from and go to is all that offsets and transactions depend on.
  if (sourceType.test(type) || sinkType.test(type)) return `${type} ${owner}`;
  return `${type} ${owner} ${description} ${JSON.stringify(outputType ?? null)}`;
}

const tableName =
  /table=\[\[?([^\]]*?)(?:, (?:watermark|project|filter|metadata|partitions|limit)=.*)?\]/;

function tableOf({ description }: PlanNode): string {
  const path = tableName.exec(description)?.[1] ?? description;
  return (
    path
      .split(/[.,]\s*/)
      .slice(0, 3)
      .at(-1) ?? path
  );
}

/**
 * The rows that an operator works for: the window group whose tables it fills, with its features in
 * their order, because state holds values by place and not by name.
 */
function ownerOf(node: PlanNode, graph: Graph): string {
  if (sourceType.test(node.type) || sinkType.test(node.type)) return tableOf(node);
  const sinks = sinksOf(node, graph);
  const ofGroups = sinks.filter((sink) => groupTable.test(tableOf(sink)));
  const owners =
    ofGroups.length > 0
      ? ofGroups.map((sink) => ownerText(tableOf(sink).replace(groupTable, ''), fieldsOf(sink)))
      : sinks.flatMap((sink) => outputOwners(node, sink, graph));
  return [...new Set(owners)].sort().join(' ');
}

const groupTable = /__(?:online|log)$/;

function ownerText(place: string, fields: readonly string[]): string {
  const features = fields.filter((name) => !['date', '_entity', '_window'].includes(name));
  return `${place}(${features.join(', ')})`;
}

function fieldsOf({ description }: PlanNode): readonly string[] {
  return (/fields=\[([^\]]*)\]/.exec(description)?.[1] ?? '').split(', ');
}

/** The topic of a view holds the rows of all its windows: which one is said on the way to it. */
function outputOwners(node: PlanNode, sink: PlanNode, graph: Graph): readonly string[] {
  const view = tableOf(sink).replace(/__output$/, '');
  const labels = graph
    .after(node.id)
    .map(({ description }) => ({ description, group: /'(\w+)' AS _window/.exec(description)?.[1] }))
    .filter(({ group }) => group !== undefined);
  if (labels.length === 0) {
    return [ownerText(graph.soleGroups.get(tableOf(sink)) ?? view, fieldsOf(sink))];
  }
  return labels.map(({ description, group }) => {
    const ofGroup = fieldsOf(sink).filter((name) => !isNullIn(description, name));
    return ownerText(`${view}__${group}`, ofGroup);
  });
}

/** Whether a column of a projection is the constant null. */
function isNullIn(description: string, name: string): boolean {
  const type = String.raw`[A-Z_]+(?:\([\d, ]+\))?(?: CHARACTER SET "[^"]*")?(?: ARRAY)?`;
  return new RegExp(`[[ ]null:${type} AS ${name}[,\\]]`).test(description);
}

function sinksOf(node: PlanNode, graph: Graph): readonly PlanNode[] {
  if (sinkType.test(node.type)) return [node];
  const found = graph.after(node.id).flatMap((next) => sinksOf(next, graph));
  return [...new Set(found)];
}

/** Of an operator without state: any name that no other has will do. */
function pathKey(node: PlanNode, graph: Graph): string {
  return `${node.description} > ${sinksOf(node, graph).map(tableOf).sort().join(' ')}`;
}

function upstreamKey(node: PlanNode, graph: Graph): string {
  const before = graph
    .before(node.id)
    .map((one) => `${one.description}(${upstreamKey(one, graph)})`);
  return before.join(' ');
}

/** 31 bits: Flink's ids are positive Java integers. */
function idOf(key: string): number {
  return createHash('sha256').update(key).digest().readUInt32BE(0) >>> 1 || 1;
}
