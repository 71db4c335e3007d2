#!/usr/bin/env node
/**
 * The command `millrace`: checks the Node version and the build, then hands over to the command line.
 * On an old Node it starts again on the Node of the clone, if there is one.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { findNode, tuneMalloc, nodeVersionMin, runAndExit } from './node24.mjs';

const self = fileURLToPath(import.meta.url);
const root = dirname(dirname(self));
const main = join(root, 'dist', 'cli', 'main.js');
const node = findNode(root);

if (node === undefined) {
  console.error(`millrace: needs Node >= ${nodeVersionMin}, and this is ${process.versions.node}`);
  process.exitCode = 3;
} else if (node !== process.execPath) {
  runAndExit(root, node, [self, ...process.argv.slice(2)]);
} else if (!existsSync(main)) {
  console.error('millrace: not built yet: run `npm run build` first');
  process.exitCode = 3;
} else {
  if (['run', 'dev', 'backfill', 'replay'].some((command) => process.argv.includes(command))) {
    tuneMalloc();
  }
  const cli = await import(pathToFileURL(main).href);
  process.exitCode = await cli.main(process.argv.slice(2));
}
