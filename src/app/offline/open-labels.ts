// Labels from where `entities` says: a file, or the records of a stream of the project.
import { resolve } from 'node:path';
import { type ColumnBuilder, columnForField } from '../../columns/column-builder.ts';
import type { ColumnTable } from '../../columns/column-table.ts';
import { copyRows } from '../../columns/copy-rows.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import type { FieldType } from '../../kernel/types/field-type.ts';
import type { StreamNode } from '../../plan/plan.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { openHistory } from '../open-history.ts';
import { readLabels } from './read-labels.ts';

export interface OpenedLabels {
  readonly labels: ColumnTable;
  /** Where they come from, for messages. */
  readonly labelsPath: string;
  readonly timeColumn: string;
}

interface LabelNeeds {
  /** Types of the columns that joins need, by the name of the time column. */
  readonly known: (timeColumn: string) => ReadonlyMap<string, FieldType>;
  readonly signal: AbortSignal;
}

const streamPrefix = 'stream:';
const batchRows = 16_384;

export async function openLabels(
  project: ResolvedProject,
  { entities, timeColumn }: { readonly entities: string; readonly timeColumn?: string },
  { known, signal }: LabelNeeds,
): Promise<OpenedLabels> {
  if (entities.startsWith(streamPrefix)) {
    const stream = streamNamed(project, entities.slice(streamPrefix.length));
    const labels = await readStream(project, stream, signal);
    const time = timeColumn ?? stream.eventTime.field;
    return { labels, labelsPath: `stream "${stream.name}"`, timeColumn: time };
  }
  const labelsPath = resolve(entities);
  const time = timeColumn ?? 'event_timestamp';
  const labels = await readLabels(labelsPath, known(time));
  return { labels, labelsPath, timeColumn: time };
}

function streamNamed({ plan }: ResolvedProject, name: string): StreamNode {
  const stream = plan.streams.find((candidate) => candidate.name === name);
  if (stream !== undefined) return stream;
  const names = plan.streams.map((candidate) => candidate.name);
  throw new MillraceError('MR_LABELS', `there is no stream "${name}" to take labels from`, {
    fix: suggestName(name, names),
  });
}

/** All records that can be read; those that cannot are no labels. */
async function readStream(
  project: ResolvedProject,
  stream: StreamNode,
  signal: AbortSignal,
): Promise<ColumnTable> {
  const columns: ColumnBuilder[] = stream.fields.map((field) => columnForField(field));
  let rowCount = 0;
  const splits = await openHistory(project, stream, signal);
  try {
    for (const split of splits) {
      for (;;) {
        const read = await split.next(batchRows);
        if (read.kind === 'end') break;
        if (read.kind !== 'rows') continue;
        const moves = { first: rowCount, count: read.batch.rowCount };
        for (const [i, column] of read.batch.columns.entries()) {
          copyRows(column, columns[i] as ColumnBuilder, moves);
        }
        rowCount += read.batch.rowCount;
      }
    }
  } finally {
    await Promise.all(splits.map((split) => split.close()));
  }
  return { fields: stream.fields, columns, rowCount };
}
