// Writes docs/import-graph.md: which folder of src/ imports which, ranked by layer. An arrow from a
// lower layer to a higher one fails. With --check it only compares with the committed file.
import { pathToFileURL } from 'node:url';
import { type Module, cruise, sourceModules } from './import-rules.ts';
import { folderOf, layerOf } from './layers.ts';
import { writeOrCompare } from './written-report.ts';

/** An import between two folders of src/; `upward` if the target's level is the higher one. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly upward: boolean;
}

const entryLevel = 6;

function withinSrc(path: string): string {
  return path.slice('src/'.length);
}

/** The level of a path below src/; files outside every folder are public entries, above all. */
function levelOf(pathInSrc: string): number {
  return layerOf(pathInSrc)?.level ?? entryLevel;
}

/** One edge for each pair of folders of which one imports the other, sorted. */
export function folderEdges(modules: readonly Module[]): Edge[] {
  const edges = new Map<string, Edge>();
  for (const { source, dependencies } of modules) {
    for (const { resolved } of dependencies.filter((d) => d.resolved.startsWith('src/'))) {
      const [from, to] = [folderOf(withinSrc(source)), folderOf(withinSrc(resolved))];
      const upward = levelOf(withinSrc(source)) < levelOf(withinSrc(resolved));
      if (from !== to) edges.set(`${from} ${to}`, { from, to, upward });
    }
  }
  return [...edges.keys()].sort().flatMap((key) => edges.get(key) ?? []);
}

function mermaidId(folder: string): string {
  return folder.replace(/[^a-z0-9]/gi, '_');
}

function layerBlock(level: number, folders: readonly string[]): string[] {
  const title = level === entryLevel ? 'entries' : `layer ${level}`;
  const nodes = folders.map((folder) => `    ${mermaidId(folder)}["${folder}"]`);
  return [`  subgraph level${level}["${title}"]`, ...nodes, '  end'];
}

/** The whole page: the graph in Mermaid, highest layer on top, and the line that counts arrows. */
export function renderGraph(modules: readonly Module[]): string {
  const edges = folderEdges(modules);
  const levels = new Map<number, Set<string>>();
  for (const { source } of modules) {
    const level = levelOf(withinSrc(source));
    levels.set(level, (levels.get(level) ?? new Set()).add(folderOf(withinSrc(source))));
  }
  const ranked = [...levels].sort(([a], [b]) => b - a);
  const blocks = ranked.flatMap(([level, folders]) => layerBlock(level, [...folders].sort()));
  const arrows = edges.map(({ from, to }) => `  ${mermaidId(from)} --> ${mermaidId(to)}`);
  return [
    '# Import graph',
    '',
    'Generated from the sources (tests left out) by `npm run reports`; do not edit.',
    '',
    `${edges.length} edges, ${edges.filter(({ upward }) => upward).length} upward`,
    '',
    '```mermaid',
    'flowchart TB',
    ...blocks,
    ...arrows,
    '```',
    '',
  ].join('\n');
}

function main(): void {
  const modules = sourceModules(cruise());
  const upward = folderEdges(modules).filter((edge) => edge.upward);
  for (const { from, to } of upward) console.error(`upward import: ${from} → ${to}`);
  const current = writeOrCompare('docs/import-graph.md', renderGraph(modules));
  const edges = folderEdges(modules).length;
  console.log(`import graph: ${edges} edges, ${upward.length} upward`);
  process.exitCode = current && upward.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
