import { describe, expect, it } from 'vitest';
import { createRequestParser } from './parse-request.ts';

const bodies = [
  '{"features":["v:a","v:b"],"entities":{"k":[1,2]}}',
  '{"features":["v:a"],"entities":{"k":["x"]},"full_feature_names":true}',
  '{"entities":{"k":[9007199254740993]},"feature_service":"s"}',
  '{"feature_service":"s","entities":{"k":[9007199254740993]}}',
  '{"features":["\\"entities\\":"],"entities":{"k":[]}}',
  '{"features":["v:a"],"entities":{"k":[1]},"features":["v:b"]}',
  '{"features":["v:a"],"entities" : {"k":[1]}}',
  '{"x":{"entities":{"k":[1]}},"entities":{"j":[2]}}',
  '{"features":["v:a"],"entities":{"k":[1]}}x',
  '{"features":["v:a"],"entities":{"k":1}}',
  '{"features":["v:a"],"entities":[]}',
  '{"features":[1],"entities":{"k":[1]}}',
  '["entities":{}]',
  '[{"entities":{"k":[1]}}]',
  '"entities":{"k":[1]}',
  '{"a":"\\',
  '{"entities":',
];

function outcome(parse: ReturnType<typeof createRequestParser>, body: string): unknown {
  try {
    const { asked, entities } = parse(Buffer.from(body), true);
    return { asked, entities: [...entities] };
  } catch (error) {
    return (error as { feast: unknown }).feast;
  }
}

describe('a request parser', () => {
  it('says the same of a body whose head it knows as of one that it sees first', () => {
    const known = createRequestParser();
    for (let round = 0; round < 3; round++) {
      for (const body of bodies) {
        expect(outcome(known, body)).toEqual(outcome(createRequestParser(), body));
      }
    }
  });

  it('gives one object for what is asked in the same bytes', () => {
    const parse = createRequestParser();
    const ask = (key: number) =>
      parse(Buffer.from(`{"features":["v:a"],"entities":{"k":[${key}]}}`), true);
    ask(1);
    const [second, third] = [ask(2), ask(3)];
    expect(second.asked).toBe(third.asked);
    expect([...third.entities]).toEqual([['k', [3]]]);
  });

  it('forgets heads rather than keeping all of them', () => {
    const parse = createRequestParser();
    for (let i = 0; i < 1000; i++) {
      const body = `{"features":["v:f${i}"],"entities":{"k":[${i}]}}`;
      expect(parse(Buffer.from(body), true).asked.features).toEqual([`v:f${i}`]);
    }
  });
});
