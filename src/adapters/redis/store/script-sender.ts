// Sends scripts so that each takes effect at least once: what was not acknowledged is sent again, for
// ever, with pauses that grow, while the server is away, full or a replica. Scripts compare versions,
// so once more changes nothing. The number under way is bounded: that is the job's backpressure.
import type { Clock } from '../../../kernel/clock.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import {
  type Trouble,
  messageOf,
  requestFailure,
  troubleOf,
  troubleTexts,
} from '../client/redis-errors.ts';
import type { Argument, RedisLink } from '../client/redis-link.ts';
import type { RedisScript } from './scripts.ts';

/** A call of a script. */
export interface ScriptCall {
  readonly script: RedisScript;
  readonly keys: readonly Argument[];
  /** Made for each sending. */
  readonly args: () => readonly Argument[];
  /** What the server answered. */
  readonly done: (reply: unknown) => void;
}

export interface SenderOptions {
  readonly link: RedisLink;
  readonly clock: Clock;
  readonly inFlightMax: number;
  readonly onNotice: (message: string) => void;
}

const firstPauseMs = 20;
const longestPauseMs = 1000;
/** A replica at the address of a master: the address may lead to another server by now. */
const renewAfterMs = 5000;
/** Troubles shorter than this are not told. */
const toldAfterMs = 1000;
/** Without an answer for so long, the server counts as away. */
const slowMs = 5000;

export class ScriptSender {
  readonly #options: SenderOptions;
  readonly #waiting: (() => void)[] = [];
  readonly #sentAtMs = new Set<{ readonly ms: number }>();
  #inFlight = 0;
  #trouble: { readonly kind: Trouble; readonly sinceMs: number; readonly said: string } | null =
    null;
  /** Kinds of this trouble that people know of. */
  readonly #told = new Set<Trouble>();
  #renewing: Promise<void> | null = null;
  #hasGivenUp = false;
  /** Calls that were sent again. */
  resent = 0;
  /** Time between two answers while there was always something to answer, as a moving mean. */
  answerMs = 1;
  #answeredAtMs = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Resolves when the script has taken effect. Throws what no waiting mends. */
  async send(call: ScriptCall): Promise<void> {
    if (this.#inFlight >= this.#options.inFlightMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#inFlight += 1;
    try {
      await this.#deliver(call);
    } finally {
      // The place goes to who has waited longest.
      const next = this.#waiting.shift();
      if (next === undefined) this.#inFlight -= 1;
      else next();
    }
  }

  async #deliver(call: ScriptCall): Promise<void> {
    const { link, clock } = this.#options;
    for (let tries = 0; ; tries++) {
      if (this.#hasGivenUp) throw this.#gaveUp();
      const sent = { ms: clock.monotonicMs() };
      this.#sentAtMs.add(sent);
      try {
        const reply = await this.#call(call);
        this.#answered(sent.ms);
        call.done(reply);
        return;
      } catch (error) {
        const trouble = troubleOf(error);
        if (trouble === null) throw requestFailure(link.name, error);
        if (this.#hasGivenUp) throw this.#gaveUp();
        this.resent += 1;
        this.#note(trouble, messageOf(error));
        if (trouble === 'readonly') this.#renewSoon();
        await clock.sleep(Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(tries, 10)));
      } finally {
        this.#sentAtMs.delete(sent);
      }
    }
  }

  async #call({ script, keys, args }: ScriptCall): Promise<unknown> {
    const { link } = this.#options;
    const [key = ''] = keys;
    const rest = [String(keys.length), ...keys, ...args()];
    try {
      return await link.send(key, ['EVALSHA', script.sha, ...rest]);
    } catch (error) {
      if (!messageOf(error).startsWith('NOSCRIPT')) throw error;
      return link.send(key, ['EVAL', script.text, ...rest]);
    }
  }

  #answered(sentMs: number): void {
    const { clock, onNotice, link } = this.#options;
    const nowMs = clock.monotonicMs();
    const spacingMs = nowMs - Math.max(sentMs, this.#answeredAtMs);
    this.#answeredAtMs = nowMs;
    this.answerMs += (spacingMs - this.answerMs) / 16;
    if (this.#trouble === null) return;
    const seconds = ((nowMs - this.#trouble.sinceMs) / 1000).toFixed(1);
    this.#trouble = null;
    if (this.#told.size > 0) onNotice(`redis ${link.name} takes writes again after ${seconds} s`);
    this.#told.clear();
  }

  #note(kind: Trouble, said: string): void {
    const sinceMs = this.#trouble?.sinceMs ?? this.#options.clock.monotonicMs();
    this.#trouble = { kind, sinceMs, said };
    this.tell();
  }

  /** Says once what has been the matter for a while. */
  tell(): void {
    const trouble = this.trouble;
    const kind = this.#trouble?.kind ?? 'away';
    if (trouble === null || this.#told.has(kind)) return;
    const { clock, link, onNotice } = this.#options;
    const sinceMs = this.#trouble?.sinceMs ?? 0;
    if (this.#trouble !== null && clock.monotonicMs() - sinceMs < toldAfterMs) return;
    this.#told.add(kind);
    this.#trouble ??= { kind: 'away', sinceMs: clock.monotonicMs() - slowMs, said: 'no answer' };
    onNotice(`redis ${link.name} ${trouble}: the job waits for it, nothing is lost`);
  }

  /** Why writes wait, for people; null: they do not. */
  get trouble(): string | null {
    if (this.#trouble !== null) {
      const { kind, said } = this.#trouble;
      return `${troubleTexts[kind]} (${said})`;
    }
    const oldestMs = Math.min(...[...this.#sentAtMs].map(({ ms }) => ms));
    const waitedMs = this.#options.clock.monotonicMs() - oldestMs;
    return waitedMs > slowMs ? `has not answered for ${Math.floor(waitedMs / 1000)} s` : null;
  }

  #renewSoon(): void {
    const { clock, link } = this.#options;
    const sinceMs = this.#trouble?.sinceMs ?? Number.POSITIVE_INFINITY;
    if (this.#renewing !== null || clock.monotonicMs() - sinceMs < renewAfterMs) return;
    const renewed = clock.sleep(renewAfterMs).then(() => link.renew());
    this.#renewing = renewed
      .catch(() => undefined)
      .finally(() => {
        this.#renewing = null;
      });
  }

  get hasGivenUp(): boolean {
    return this.#hasGivenUp;
  }

  /** What is under way fails, and what comes. */
  giveUp(): void {
    this.#hasGivenUp = true;
  }

  #gaveUp(): MillraceError {
    const { link } = this.#options;
    const message = `redis ${link.name} ${this.trouble ?? 'was given up'}: stopped waiting for it`;
    return new MillraceError('MR_STORE_AWAY', message, {
      context: { store: link.name },
      fix: 'start the job again when it answers: it goes on from its last checkpoint',
    });
  }
}
