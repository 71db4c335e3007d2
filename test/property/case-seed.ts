// Which random cases a run makes: MILLRACE_SEED repeats a run, MILLRACE_CASES makes more of them.

export const caseSeed = Number(process.env['MILLRACE_SEED']);
export const caseCount = Number(process.env['MILLRACE_CASES'] ?? 1500);
