// The online store on Redis. A batch becomes scripts of some hundred rows, several under way at a time;
// `write` resolves when each was acknowledged, and waits as long as it takes. A watch looks every
// second whether the server still has what it acknowledged.
import { createNewestRows } from '../../../columns/newest-rows.ts';
import type { VectorBatch } from '../../../columns/vector-batch.ts';
import { type Clock, systemClock } from '../../../kernel/clock.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { OnlineStore, StoreContext, StoreHealth } from '../../../ports/online-store.ts';
import { requestFailure } from '../client/redis-errors.ts';
import { type RedisLink, openLink } from '../client/redis-link.ts';
import { scopeOf } from '../layout/key-names.ts';
import { layoutNamed } from '../layout/layouts.ts';
import type { RowLayout } from '../layout/row-layout.ts';
import type { ResolvedRedisOptions } from '../redis-options.ts';
import { withDeadline } from './deadline.ts';
import { ReadGuard } from './read-guard.ts';
import { RedisWriter } from './redis-writer.ts';
import { StoreMeta } from './store-meta.ts';
import { StoreWatch } from './store-watch.ts';
import { type RecordsParts, checkLayout, recordViews, recordsOf } from './view-records.ts';

interface Opened {
  readonly options: ResolvedRedisOptions;
  readonly context: StoreContext;
  readonly clock: Clock;
  readonly link: RedisLink;
  readonly meta: StoreMeta;
  readonly layout: RowLayout;
  readonly records: RecordsParts;
  readonly guard: ReadGuard | null;
}

export async function openRedisStore(
  options: ResolvedRedisOptions,
  context: StoreContext,
): Promise<OnlineStore> {
  const clock = systemClock;
  const link = await openLink(options, clock);
  try {
    const isWriting = context.mode === 'write';
    const scope = scopeOf(context.project, context.variant);
    const meta = new StoreMeta(link, scope, { clock, keepsGreatest: isWriting });
    const guard = isWriting ? null : new ReadGuard(options.name, clock);
    const place = { link, project: context.project, scope };
    const layout = layoutNamed(options.layout, guard === null ? place : { ...place, guard });
    const records = { name: options.name, layoutName: options.layout, meta, layout };
    await meta.load();
    if (isWriting) await recordViews(records, context);
    else checkLayout(records);
    return await storeOf({ options, context, clock, link, meta, layout, records, guard });
  } catch (error) {
    link.close();
    throw requestFailure(options.name, error);
  }
}

async function storeOf(opened: Opened): Promise<OnlineStore> {
  const { context, meta, link, options, layout, clock } = opened;
  const recordOf = recordsOf(opened.records, context);
  const isWriting = context.mode === 'write';
  const writer = isWriting ? new RedisWriter(opened) : null;
  await writer?.begin();
  const watch = new StoreWatch({ link, meta, clock, writer, guard: opened.guard });
  const within = <T>(task: Promise<T>): Promise<T> =>
    withDeadline(task, options.readTimeoutMs, options.name).catch((error: unknown) => {
      watch.failed(error);
      throw requestFailure(options.name, error);
    });
  const newest = createNewestRows();
  const write = async (batch: VectorBatch): Promise<void> => {
    const recorded = recordOf(batch.view);
    if (writer === null) throw readOnly(options.name);
    if (recorded === null) throw unknownView(batch.view);
    await writer.write(recorded, batch, newest.find(batch));
  };
  return {
    write,
    read(view, keys) {
      meta.refresh();
      const recorded = recordOf(view);
      if (recorded === null || keys.length === 0) return keys.map(() => null);
      return within(layout.read(recorded, keys));
    },
    async *scan(view) {
      await within(meta.load());
      const recorded = recordOf(view);
      if (recorded !== null) yield* layout.scan(recorded);
    },
    greatestAsOfMs() {
      meta.refresh();
      return meta.greatestAsOfMs;
    },
    writeNote: (name, value) =>
      writer === null ? within(meta.set({ [`note:${name}`]: value })) : writer.note(name, value),
    readNote(name) {
      meta.refresh();
      return meta.get(`note:${name}`);
    },
    health: (): StoreHealth => watch.health(),
    ...(writer === null ? {} : { loss: writer.loss, giveUp: () => writer.giveUp() }),
    close() {
      watch.close();
      link.close();
      return Promise.resolve();
    },
  };
}

function readOnly(name: string): MillraceError {
  return new MillraceError('MR_STORE_OPEN', `redis ${name} was opened for reading`);
}

function unknownView(view: string): MillraceError {
  return new MillraceError('MR_INTERNAL', `the store was not told of view "${view}"`);
}
