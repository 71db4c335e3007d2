import { describe, expect, it } from 'vitest';
import { applyEdit } from './apply-edit.ts';
import { parseEdit } from './edit-language.ts';
import { exactJsonText, parseExactJson } from './exact-json.ts';

function edit(expression: string, text: string): string {
  return exactJsonText(applyEdit(parseEdit(expression), parseExactJson(text)));
}

describe('an edit of a record', () => {
  it.each([
    ['.amount |= round', '{"amount":12.6,"b":1}', '{"amount":13,"b":1}'],
    ['.amount = (.amount * 100 | round)', '{"amount":1.255}', '{"amount":125}'],
    ['.amount |= tonumber', '{"amount":" 12 "}', '{"amount":12}'],
    ['.a = .b | del(.b)', '{"b":1}', '{"a":1}'],
    [
      '.user.name |= ascii_downcase',
      '{"user":{"name":"ÄBC","id":1}}',
      '{"user":{"name":"Äbc","id":1}}',
    ],
    ['.currency //= "EUR"', '{"currency":null}', '{"currency":"EUR"}'],
    ['.currency //= "EUR"', '{"currency":"USD"}', '{"currency":"USD"}'],
    ['.items[-1].n = 2', '{"items":[{"n":1},{"n":1}]}', '{"items":[{"n":1},{"n":2}]}'],
    ['.["odd name"] = 1 | ."other one" = 2', '{}', '{"odd name":1,"other one":2}'],
    ['.', '{"a":[1,2]}', '{"a":[1,2]}'],
    ['.payload | fromjson', '{"payload":"{\\"a\\":1}"}', '{"a":1}'],
    ['.n = .a -1', '{"a":3}', '{"a":3,"n":2}'],
    ['.n = 1 + 2 * 3 - -1', '{}', '{"n":8}'],
    ['.n = .missing // .a // 7', '{"a":null}', '{"a":null,"n":7}'],
    ['.x.y = 1', '{}', '{"x":{"y":1}}'],
  ])('%s', (expression, before, after) => {
    expect(edit(expression, before)).toBe(after);
  });

  it('keeps every digit of what it does not touch, and rounds no whole number', () => {
    const text = '{"id":9007199254740993,"price":0.1234567890123456789,"a":1}';
    expect(edit('.a = 2', text)).toBe(text.replace('"a":1', '"a":2'));
    expect(edit('.id = .id + 1', '{"id":9007199254740993}')).toBe('{"id":9007199254740994}');
    expect(() => edit('.id = .id / 2', '{"id":9007199254740993}')).toThrow('is not whole');
  });

  it('does not change the record that it was given', () => {
    const before = parseExactJson('{"a":{"b":1},"c":[1]}');
    applyEdit(parseEdit('.a.b = 2 | .c[0] = 9 | del(.a)'), before);
    expect(exactJsonText(before)).toBe('{"a":{"b":1},"c":[1]}');
  });

  it.each([
    ['.amount |= floor', '{"amount":"x"}', 'floor takes a number, not "x"'],
    ['.amount |= tonumber', '{"amount":"1e"}', 'tonumber takes a number or its text, not "1e"'],
    ['.a.b = 1', '{"a":5}', '5 has no field "b"'],
    ['.a = .b + 1', '{"b":"x"}', 'is not a sum'],
    ['.a = 1 / 0', '{}', 'is no number'],
  ])('%s of %s says what cannot be done', (expression, before, message) => {
    expect(() => edit(expression, before)).toThrow(message);
  });

  it.each([
    ['.amount = rond', 'character 11: there is no function "rond"'],
    ['1 = 2', 'only a field can be given a value'],
    ['.a = (1', 'here must be ")"'],
    ['.a = ', 'something is missing here'],
    ['.a # 1', 'something unknown after character 2'],
    ['.a .b 1', 'is too much'],
    ['del(.)', 'del takes a field'],
  ])('%s is refused with the place', (expression, message) => {
    expect(() => parseEdit(expression)).toThrow(message);
  });
});
