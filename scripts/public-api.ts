// The public surface of the package: the names that the entry points of package.json export, where
// each is declared, and its declaration as the compiler writes it.
import { existsSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import ts from 'typescript';

export interface PublicName {
  readonly name: string;
  /** `path:line` of the declaration in src/. */
  readonly where: string;
  readonly documented: boolean;
  /** The declaration without comments and bodies, one string for each overload or merged part. */
  readonly declarations: readonly string[];
}

export interface EntryPoint {
  /** What a user imports: `millrace`, `millrace/file`. */
  readonly specifier: string;
  readonly file: string;
  readonly names: readonly PublicName[];
}

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly 'millrace-src'?: string }>>;
}

/** Entry points by specifier, with the source file of each; those whose file is missing too. */
export function entryFiles(): ReadonlyMap<string, string> {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
  const files = new Map<string, string>();
  for (const [path, target] of Object.entries(manifest.exports)) {
    const file = typeof target === 'string' ? undefined : target['millrace-src'];
    if (file !== undefined) files.set(path.replace(/^\./, 'millrace'), file.replace(/^\.\//, ''));
  }
  return files;
}

function openProgram(files: readonly string[]): ts.Program {
  const config = ts.getParsedCommandLineOfConfigFile(
    'tsconfig.src.json',
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
  );
  const options = { ...config?.options, removeComments: true, composite: false, noEmit: false };
  return ts.createProgram([...files], { ...options, declaration: true, incremental: false });
}

/** Reads declarations as the compiler emits them, so that inferred types are spelt out. */
class Declarations {
  readonly #program: ts.Program;
  readonly #emitted = new Map<string, ts.SourceFile>();

  constructor(program: ts.Program) {
    this.#program = program;
  }

  #file(source: ts.SourceFile): ts.SourceFile {
    const known = this.#emitted.get(source.fileName);
    if (known !== undefined) return known;
    let text = '';
    const keep = (path: string, content: string): void => {
      if (path.endsWith('.d.ts')) text = content;
    };
    this.#program.emit(source, keep, undefined, true);
    const parsed = ts.createSourceFile('emitted.d.ts', text, ts.ScriptTarget.ES2024, true);
    this.#emitted.set(source.fileName, parsed);
    return parsed;
  }

  /** Every statement of `source` that declares `name`. */
  of(source: ts.SourceFile, name: string): string[] {
    const file = this.#file(source);
    return file.statements
      .filter((statement) => declaredNames(statement).includes(name))
      .map((statement) => statement.getText(file));
  }
}

function declaredNames(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  }
  const named = statement as { readonly name?: ts.Node };
  return named.name === undefined ? [] : [named.name.getText()];
}

function describe(checker: ts.TypeChecker, exported: ts.Symbol, texts: Declarations): PublicName {
  const aliased = (exported.flags & ts.SymbolFlags.Alias) !== 0;
  const symbol = aliased ? checker.getAliasedSymbol(exported) : exported;
  const declared = symbol.declarations ?? [];
  const [first] = declared;
  const sources = new Set(declared.map((declaration) => declaration.getSourceFile()));
  const place = first?.getSourceFile();
  const renamed =
    exported.name === symbol.name ? [] : [`export { ${symbol.name} as ${exported.name} };`];
  const line = place?.getLineAndCharacterOfPosition(first?.getStart() ?? 0).line ?? 0;
  return {
    name: exported.name,
    where: `${relative('.', place?.fileName ?? '')}:${line + 1}`,
    documented: symbol.getDocumentationComment(checker).length > 0,
    declarations: [...sources].flatMap((source) => texts.of(source, symbol.name)).concat(renamed),
  };
}

/** Reads every entry point whose file exists, names in alphabetical order. */
export function readPublicApi(): EntryPoint[] {
  const entries = [...entryFiles()].filter(([, file]) => existsSync(file));
  const program = openProgram(entries.map(([, file]) => file));
  const checker = program.getTypeChecker();
  const texts = new Declarations(program);
  return entries.map(([specifier, file]) => {
    const source = program.getSourceFile(resolve(file)) ?? program.getSourceFile(file);
    const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
    const symbols = module === undefined ? [] : checker.getExportsOfModule(module);
    const names = symbols.map((symbol) => describe(checker, symbol, texts));
    return { specifier, file, names: names.sort((a, b) => (a.name < b.name ? -1 : 1)) };
  });
}
