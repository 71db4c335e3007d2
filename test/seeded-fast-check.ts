// What tests import as `fast-check`: the same cases in every run, so that a run says something about
// the change it is made for. MILLRACE_SEED=random draws others; a number repeats a run.
import { createRequire } from 'node:module';
import type Api from 'fast-check';

const fc = createRequire(import.meta.url)('fast-check') as typeof Api;

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env['MILLRACE_SEED']) });

export default fc;
