// Late records as they lie in files or topics, read back, and whether features were corrected for them.
import { createHash } from 'node:crypto';
import type { JsonValue } from '../../kernel/json-value.ts';
import type { SetAsideRecords } from '../../ports/set-aside.ts';

/** A late record as `late ls` and `late show` give it. */
export interface LateRecordInfo {
  /** Twelve hex digits. */
  readonly id: string;
  /** `applied`: the features of its key were corrected. */
  readonly state: 'open' | 'applied';
  readonly view: string;
  readonly stream: string;
  readonly split: string;
  readonly offset: number | string;
  readonly event_time: string;
  readonly watermark: string | null;
  /** Features that missed it. */
  readonly features: readonly string[];
  readonly row: Readonly<Record<string, unknown>>;
  readonly applied_at: string | null;
  /** Others that came with it may not have been kept. */
  readonly is_sample: boolean;
}

/** Late records of a stream's views, each once, in the order of the views. */
export async function* storedLateRecords(records: SetAsideRecords): AsyncGenerator<LateRecordInfo> {
  const applied = new Map<string, string>();
  for await (const note of records.notes()) {
    if (note.kind === 'applied') applied.set(`${note.view}\0${note.id}`, note.at);
  }
  const seen = new Set<string>();
  for await (const value of records.lateRecords()) {
    const record = lateRecordOf(value);
    if (record === null || seen.has(record.id)) continue;
    seen.add(record.id);
    const applied_at = applied.get(`${record.view}\0${record.id}`) ?? null;
    yield { ...record, applied_at, state: applied_at === null ? 'open' : 'applied' };
  }
}

/** Null for what is no late record: somebody else may write to the topic. */
function lateRecordOf(value: JsonValue): Omit<LateRecordInfo, 'state' | 'applied_at'> | null {
  const record = value as unknown as Partial<LateRecordInfo & SampleFields> | null;
  const { view, stream, split, offset, event_time, row } = record ?? {};
  if (view === undefined || stream === undefined || split === undefined) return null;
  if (offset === undefined || event_time === undefined || row === undefined) return null;
  const hash = createHash('sha256').update([view, stream, split, offset].join('\0'));
  return {
    id: hash.digest('hex').slice(0, 12),
    view,
    stream,
    split,
    offset,
    event_time,
    watermark: record?.watermark ?? null,
    features: record?.features ?? [],
    row,
    is_sample: (record?.not_sampled ?? 0) > 0 || record?.sample_is_full === true,
  };
}

interface SampleFields {
  readonly not_sampled: number;
  readonly sample_is_full: boolean;
}
