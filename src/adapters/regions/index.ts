// Entry `millrace/regions`: a copy of an online store nearby, with the centre behind it.
export { type RegionalBinding, type RegionalOptions, regional } from './regional.ts';
