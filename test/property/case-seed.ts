// Which random cases a run makes: MILLRACE_SEED repeats a run, MILLRACE_CASES makes more of them.

export const caseSeed = Number(process.env['MILLRACE_SEED']);
export const caseCount = Number(process.env['MILLRACE_CASES'] ?? 1500);

/** Of properties whose cases are whole runs: `npm test` takes a third, the services' run all. */
export const dearCaseCount =
  process.env['MILLRACE_SERVICES'] === '1' ? caseCount : Math.ceil(caseCount / 3);
