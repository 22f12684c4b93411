/** One line of a benchmark's result. Figures are compared within one run only. */
export interface Row {
  readonly what: string;
  readonly figure: string;
  /** What it is measured against, in the same run. */
  readonly beside: string;
  /** Figure divided by the reference's. */
  readonly ratio: number;
  /** The goal, as the ratio or figure it must keep; undefined where there is none. */
  readonly goal?: string;
  readonly met?: boolean;
}

/** The median of several measurements. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** The rows as a Markdown table. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const goal = row.goal === undefined ? '' : `${row.goal}${row.met === undefined ? '' : row.met ? ' ✓' : ' ✗'}`;
    return `| ${row.what} | ${row.figure} | ${row.beside} | ${Number(row.ratio.toPrecision(2))} | ${goal} |`;
  });
  return ['| what | figure | beside, in the same run | ratio | goal |', '|---|---|---|---|---|', ...lines].join('\n');
}
