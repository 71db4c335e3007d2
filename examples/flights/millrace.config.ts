import { defineConfig } from 'millrace';
import { embedded } from 'millrace/embedded';
import { featureLog, file } from 'millrace/file';
import * as flights from './features.ts';
import { flightsFile } from './prepare.ts';

/** Everything the demo writes is in here; delete it when you like. */
export const folder = '../../.millrace/flights';

const local = {
  streams: {
    departures: file(flightsFile),
    arrivals: file(`${folder}/arrivals.parquet`),
  },
  online: embedded(`${folder}/online`),
  deadLetters: `${folder}/dead-letters`,
};

export default defineConfig({
  project: 'flights',
  definitions: [flights],
  environments: {
    local,
    /** The same, and every one of the nine million vectors in Parquet files. */
    logged: { ...local, offline: featureLog(`${folder}/offline`) },
  },
});
