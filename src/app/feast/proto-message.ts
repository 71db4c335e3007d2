// Messages of protocol buffers, written field by field: what a file of definitions needs and no more.
// As protocol buffers have it, a field that holds its default is not written.
import { ProtoBytes, protoTag } from '../../adapters/redis/feast-layout/proto-bytes.ts';

export class ProtoMessage {
  readonly #out = new ProtoBytes(1024);

  get bytes(): Uint8Array {
    return this.#out.bytes.slice(0, this.#out.length);
  }

  text(field: number, value: string | null): this {
    if (value === null || value === '') return this;
    this.#out.varint32(protoTag(field, 2));
    this.#out.text(value);
    return this;
  }

  whole(field: number, value: number): this {
    if (value === 0) return this;
    this.#out.varint32(protoTag(field, 0));
    this.#out.varintOf(value);
    return this;
  }

  /** A message within this one; written also when it is empty. */
  message(field: number, inner: ProtoMessage): this {
    this.#out.varint32(protoTag(field, 2));
    this.#out.delimited(inner.bytes);
    return this;
  }

  messages(field: number, inner: readonly ProtoMessage[]): this {
    for (const one of inner) this.message(field, one);
    return this;
  }

  texts(field: number, values: readonly string[]): this {
    for (const value of values) {
      this.#out.varint32(protoTag(field, 2));
      this.#out.text(value);
    }
    return this;
  }

  /** A map of texts. */
  entries(field: number, entries: Readonly<Record<string, string>>): this {
    for (const [key, value] of Object.entries(entries)) {
      this.message(field, new ProtoMessage().text(1, key).text(2, value));
    }
    return this;
  }
}
