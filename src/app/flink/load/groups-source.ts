// All upsert topics of a view as one source. Each topic is read with the fields of its group; a split that
// a checkpoint knows with another shape of rows begins at its beginning, for what was kept is of no use.
import type { JsonValue } from '../../../kernel/json-value.ts';
import type { Field } from '../../../kernel/types/field-type.ts';
import type { MessageDecoder } from '../../../ports/format.ts';
import type { Source, SourceContext, SourceSplit, SplitRead } from '../../../ports/source.ts';
import type { ViewCatchUp } from './catch-up.ts';
import type { LoadedGroup } from './loaded-groups.ts';
import { rowTimes } from './loaded-groups.ts';
import { UpsertRows } from './upsert-rows.ts';

/** The topic of one group, opened by somebody who knows brokers. */
export interface GroupTopic {
  readonly group: LoadedGroup;
  /** Of its rows' JSON. */
  readonly fields: readonly Field[];
  readonly source: Source;
  /** Where its partitions end now, by split; called before the source is opened. */
  ends(): Promise<ReadonlyMap<string, number>>;
}

export interface GroupsSourceOptions {
  readonly view: string;
  readonly topics: readonly GroupTopic[];
  readonly keyFields: readonly Field[];
  /** Told how far partitions are. */
  readonly begin: () => ViewCatchUp;
}

type Position = Readonly<Record<string, JsonValue>> & { readonly offset: number };

/** The topics of a view as a source of the loader's stream. */
export function groupsSource(options: GroupsSourceOptions): Source {
  return {
    description: `rows that Flink computes of ${options.view}`,
    members: options.topics.map(({ source }) => source),
    bounded: options.topics.every(({ source }) => source.bounded),
    open: (context) => openGroups(options, context),
  };
}

async function openGroups(
  options: GroupsSourceOptions,
  context: SourceContext,
): Promise<readonly SourceSplit[]> {
  const progress = options.begin();
  const open: SourceSplit[] = [];
  try {
    for (const topic of options.topics) {
      open.push(...(await openTopic(topic, { options, context, progress })));
    }
    return open;
  } catch (error) {
    await Promise.allSettled(open.map((split) => split.close()));
    throw error;
  }
}

interface OpenParts {
  readonly options: GroupsSourceOptions;
  readonly context: SourceContext;
  readonly progress: ViewCatchUp;
}

async function openTopic(
  topic: GroupTopic,
  { options, context, progress }: OpenParts,
): Promise<readonly SourceSplit[]> {
  const { group, fields, source } = topic;
  const ends = await topic.ends();
  const startAt = new Map(
    [...context.startAt].filter(
      ([id, position]) => ends.has(id) && shapeOf(position) === group.column,
    ),
  );
  const wrapped = (split: SourceSplit): SourceSplit =>
    new GroupSplit(split, {
      group,
      progress,
      rows: new UpsertRows({
        fields: context.rowType.fields,
        keyCount: options.keyFields.length,
        group,
        keys: jsonDecoder(context, options.keyFields),
        rows: jsonDecoder(context, fields),
      }),
    });
  const { addSplit } = context;
  const splits = await source.open({
    ...context,
    startAt,
    rowType: { fields },
    eventTimeField: rowTimes.asOf,
    ...(addSplit === undefined ? {} : { addSplit: (split) => addSplit(wrapped(split)) }),
  });
  for (const { id } of splits) {
    const { offset } = (startAt.get(id) as Position | undefined) ?? { offset: 0 };
    const end = ends.get(id) ?? 0;
    // What came after a checkpoint is read topic by topic, too: the store may have all of it already.
    if (offset < end) progress.hold();
    progress.expect(id, offset, end);
  }
  return splits.map(wrapped);
}

function jsonDecoder({ formats }: SourceContext, fields: readonly Field[]): MessageDecoder {
  const json = formats.get('json');
  if (json?.kind !== 'records' || json.createMessageDecoder === undefined) {
    throw new TypeError('JSON has messages');
  }
  return json.createMessageDecoder({ fields }, jsonOptions);
}

/** How Flink writes instants. */
export const jsonOptions = { timestamp: 'iso' } as const;

function shapeOf(position: JsonValue): unknown {
  return (position as Position).shape;
}

interface SplitParts {
  readonly group: LoadedGroup;
  readonly progress: ViewCatchUp;
  readonly rows: UpsertRows;
}

/** A partition with its rows packed; positions remember the shape of rows. */
class GroupSplit implements SourceSplit {
  readonly id: string;
  readonly #inner: SourceSplit;
  readonly #parts: SplitParts;
  /** Behind the newest read. */
  #offset = 0;

  constructor(inner: SourceSplit, parts: SplitParts) {
    this.id = inner.id;
    this.#inner = inner;
    this.#parts = parts;
  }

  get position(): JsonValue {
    return this.#withShape(this.#inner.position ?? { offset: 0 });
  }

  async next(rowCountMax: number): Promise<SplitRead> {
    const { progress, rows } = this.#parts;
    // Whoever asks for more has given what was read to the views.
    progress.reached(this.id, this.#offset);
    const read = await this.#inner.next(rowCountMax);
    if (read.kind === 'empty') return read;
    if (read.kind === 'end') {
      const { position } = read;
      return position === undefined ? read : { ...read, position: this.#withShape(position) };
    }
    this.#offset = (read.position as Position).offset;
    const { batch, errors } = rows.convert(read.batch, read.errors);
    return { kind: 'rows', batch, errors, position: this.#withShape(read.position) };
  }

  #withShape(position: JsonValue): JsonValue {
    return { ...(position as Position), shape: this.#parts.group.column };
  }

  originOf(offset: number): ReturnType<NonNullable<SourceSplit['originOf']>> {
    return this.#inner.originOf?.(offset) ?? null;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
