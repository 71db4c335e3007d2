import { defineConfig } from 'millrace';
import { embedded } from 'millrace/embedded';
import { featureLog, file } from 'millrace/file';
import * as flights from './features.ts';
import { flightsFile } from './prepare.ts';

/** Everything the demo writes is in here; delete it when you like. */
export const folder = '../../.millrace/flights';

export default defineConfig({
  project: 'flights',
  definitions: [flights],
  environments: {
    local: {
      streams: {
        departures: file(flightsFile),
        arrivals: file(`${folder}/arrivals.parquet`),
      },
      online: embedded(`${folder}/online`),
      offline: featureLog(`${folder}/offline`),
      deadLetters: `${folder}/dead-letters`,
    },
  },
});
