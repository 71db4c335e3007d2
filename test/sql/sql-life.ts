// One life of a script in a process of its own, to be killed: `node sql-life.ts <file>`.
import { readFileSync } from 'node:fs';
import { runSql } from '../../src/app/sql/run-sql.ts';

const tell = (line: string): void => void process.stderr.write(`${line}\n`);
await runSql(readFileSync(String(process.argv[2]), 'utf8'), { onNotice: tell, onPrint: tell });
