import { checkRows } from './check.ts';
import { launchRows } from './launch.ts';
import { logRows } from './logs.ts';
import { policyRows } from './policy.ts';
import { serverRows } from './server.ts';
import { type Row, table } from './table.ts';

/** Each part by its name on the command line; without names, all of them. */
const parts: Readonly<Record<string, () => Promise<Row[]>>> = {
  server: serverRows,
  policy: policyRows,
  check: checkRows,
  launch: launchRows,
  logs: logRows,
};

const asked = process.argv.slice(2);
const rows: Row[] = [];
for (const [name, measure] of Object.entries(parts)) {
  if (asked.length === 0 || asked.includes(name)) rows.push(...(await measure()));
}
console.log(table(rows));
if (rows.some((row) => row.met === false)) process.exitCode = 1;
