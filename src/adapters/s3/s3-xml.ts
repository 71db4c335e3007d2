// The little of XML that S3 answers with: elements without attributes that count, never nested in
// themselves, text with entities.

/** The text in the first element of that name; null when there is none. */
export function textOfTag(xml: string, tag: string): string | null {
  const found = new RegExp(`<${tag}(?:\\s[^>]*)?>([^<]*)</${tag}>`).exec(xml);
  return found === null ? null : unescaped(found[1] ?? '');
}

/** What lies between the tags of each element of that name. */
export function elementsOf(xml: string, tag: string): string[] {
  const elements = xml.matchAll(new RegExp(`<${tag}(?:\\s[^>]*)?>(.*?)</${tag}>`, 'gs'));
  return [...elements].map(([, inner = '']) => inner);
}

const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

function unescaped(text: string): string {
  return text.replaceAll(/&(#x?)?([0-9A-Za-z]+);/g, (whole, number: string | undefined, name) =>
    number === undefined
      ? (named[name as string] ?? whole)
      : String.fromCodePoint(Number.parseInt(name as string, number === '#x' ? 16 : 10)),
  );
}
