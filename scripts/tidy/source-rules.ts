// Rules read from the syntax of one source file at a time: the opening comment, where wall time,
// timers and randomness may be touched, and how long functions are over all.
import ts from 'typescript';
import { type Finding, type Tree, error, isSource, note } from './tree.ts';

const functionLinesWanted = 40;
const wantedShare = 0.9;
/** Below this many functions a share says nothing. */
const functionsMin = 20;

const clockCalls = new Set([
  'Date.now',
  'performance.now',
  'Math.random',
  'crypto.getRandomValues',
  'crypto.randomUUID',
]);
const timerCalls = new Set(['setTimeout', 'setInterval', 'setImmediate']);
const timerModules = new Set(['node:timers', 'node:timers/promises', 'timers', 'timers/promises']);
/** Law 4: the clock and the random source themselves, and the edges that are not simulated. */
const mayTouchTime =
  /^src\/(kernel\/(clock|random)[^/]*(\/|$)|(adapters|serve|cli|console-api|app)\/)/;

function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2024, true);
}

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
}

function lineOf(file: ts.SourceFile, node: ts.Node): number {
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
}

/** Each internal module opens with a comment that says what it keeps true. */
export function checkHeaders(tree: Tree): Finding[] {
  return tree.paths
    .filter((path) => isSource(path) && !path.endsWith('/index.ts'))
    .filter((path) => !/^(#![^\n]*\n)?\s*(\/\/|\/\*)/.test(tree.read(path)))
    .map((path) => error(path, 'opens without a comment on the invariant it keeps'));
}

/** What a node reads of the outside world's time or chance; undefined if nothing. */
function timeUse(file: ts.SourceFile, node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) {
    const text = node.getText(file).replace(/^globalThis\./, '');
    return clockCalls.has(text) ? text : undefined;
  }
  if (ts.isCallExpression(node)) {
    const callee = node.expression.getText(file).replace(/^globalThis\./, '');
    return timerCalls.has(callee) ? callee : undefined;
  }
  if (ts.isNewExpression(node)) {
    const bare = node.expression.getText(file) === 'Date' && (node.arguments?.length ?? 0) === 0;
    return bare ? 'new Date()' : undefined;
  }
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    return timerModules.has(node.moduleSpecifier.text) ? node.moduleSpecifier.text : undefined;
  }
  return undefined;
}

/** Wall time, timers and randomness only in kernel/clock, kernel/random and at the edges. */
export function checkTime(tree: Tree): Finding[] {
  const bound = tree.paths.filter((path) => isSource(path) && !mayTouchTime.test(path));
  return bound.flatMap((path) => {
    const findings: Finding[] = [];
    const file = parse(path, tree.read(path));
    visit(file, (node) => {
      const use = timeUse(file, node);
      if (use === undefined) return;
      const advice = 'take a Clock or Random as an argument';
      findings.push(
        error(`${path}:${lineOf(file, node)}`, `${use} is not allowed here: ${advice}`),
      );
    });
    return findings;
  });
}

/** Lines of every function with a block body, over all sources. */
export function functionLines(tree: Tree): number[] {
  const lengths: number[] = [];
  for (const path of tree.paths.filter(isSource)) {
    const file = parse(path, tree.read(path));
    visit(file, (node) => {
      if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return;
      if (!ts.isBlock(node.body as ts.Node)) return;
      const end = file.getLineAndCharacterOfPosition(node.end).line + 1;
      lengths.push(end - lineOf(file, node) + 1);
    });
  }
  return lengths;
}

/** Nine functions in ten have at most 40 lines. (The hard limit of each one is the linter's.) */
export function checkFunctionSizes(tree: Tree): Finding[] {
  const lengths = functionLines(tree);
  const short = lengths.filter((lines) => lines <= functionLinesWanted).length;
  const share = lengths.length === 0 ? 1 : short / lengths.length;
  const text = `${(share * 100).toFixed(1)} % of ${lengths.length} functions have at most ${functionLinesWanted} lines`;
  const tooLong = share < wantedShare && lengths.length >= functionsMin;
  return [tooLong ? error('src', `${text}, wanted ${wantedShare * 100} %`) : note('src', text)];
}
