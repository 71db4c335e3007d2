// Import rules, generated from the layer table in scripts/layers.ts. `npm run check` runs them
// through scripts/import-rules.ts, which also asserts that modules were seen at all.
const { allowedFolders, layers } = require('./scripts/layers.ts');

const test = '\\.test(-d)?\\.ts$';
const packageTypes = ['npm', 'npm-dev', 'npm-peer', 'npm-optional', 'npm-bundled', 'npm-no-pkg'];
const outsideWorld =
  '^(node:)?(fs|net|http|http2|https|tls|dgram|dns|child_process|cluster|worker_threads)(/|$)';

/** `adapters/*` as a pattern whose first group is the member. */
function source(folder) {
  return folder.endsWith('/*') ? `^src/${folder.slice(0, -2)}/([^/]+)/` : `^src/${folder}/`;
}

/** The folder itself, as a target: of a family only the same member. */
function itself(folder) {
  return folder.endsWith('/*') ? `^src/${folder.slice(0, -2)}/$1/` : `^src/${folder}/`;
}

function target(folder) {
  return `^src/${folder.endsWith('/*') ? folder.slice(0, -2) : folder}/`;
}

function name(folder) {
  return folder.replace('/*', '');
}

function packagePath(packages) {
  return `(^|/)node_modules/(@types/)?(${packages.join('|')})(/|$)`;
}

function folderRule(layer) {
  const allowed = allowedFolders(layer);
  return {
    name: `layer-${name(layer.folder)}`,
    comment: `src/${layer.folder} may import only: ${['itself', ...allowed].join(', ')}`,
    severity: 'error',
    from: { path: source(layer.folder), pathNot: test },
    to: { path: '^src/', pathNot: [itself(layer.folder), ...allowed.map(target)] },
  };
}

function packageRules(layer) {
  if (layer.packages === 'any') return [];
  const runtime = layer.packages ?? [];
  const types = layer.typePackages ?? [];
  const from = { path: source(layer.folder), pathNot: test };
  const known = [...runtime, ...types];
  const rules = [
    {
      name: `packages-${name(layer.folder)}`,
      comment: `src/${layer.folder} may use only these packages: ${known.join(', ') || 'none'}`,
      severity: 'error',
      from,
      to: {
        dependencyTypes: packageTypes,
        ...(known.length > 0 ? { pathNot: packagePath(known) } : {}),
      },
    },
  ];
  if (types.length > 0) {
    rules.push({
      name: `type-packages-${name(layer.folder)}`,
      comment: `src/${layer.folder} may use only types of: ${types.join(', ')}`,
      severity: 'error',
      from,
      to: { path: packagePath(types), dependencyTypesNot: ['type-only'] },
    });
  }
  return rules;
}

function pureRule(layer) {
  return {
    name: `pure-${name(layer.folder)}`,
    comment: `src/${layer.folder} does no input or output: that is behind a port`,
    severity: 'error',
    from: { path: source(layer.folder), pathNot: test },
    to: { dependencyTypes: ['core'], path: outsideWorld },
  };
}

module.exports = {
  forbidden: [
    {
      name: 'no-cycle',
      comment: 'no import cycle, type-only ones included: split the file that both need',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      comment: 'the imported module does not exist',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-test-in-source',
      comment: 'sources do not import tests, examples, benches or scripts',
      severity: 'error',
      from: { path: '^src/', pathNot: test },
      to: { path: [test, '^(test|examples|bench|scripts|console)/'] },
    },
    ...layers.map(folderRule),
    ...layers.flatMap(packageRules),
    ...layers.filter((layer) => layer.pure).map(pureRule),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Anchored: packages that live in their own `dist` must stay visible to the package rules.
    exclude: { path: ['^dist/', '^(src|test|examples|bench)/.*fixtures/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.test.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['millrace-src', 'import', 'types', 'node', 'default'],
      extensions: ['.ts', '.mjs', '.js', '.cjs', '.d.ts', '.json'],
    },
  },
};
