// Preloaded in every thread of a life: puts the fault that MILLRACE_PLANT names into the running code.
import { type PlantName, plants } from '../sim/plants.ts';

const plant = process.env['MILLRACE_PLANT'];
if (plant !== undefined) plants[plant as PlantName]();
