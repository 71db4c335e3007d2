// What JSON can say. Used where one part keeps something for another without looking into it:
// positions of sources, states of sinks.

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };
