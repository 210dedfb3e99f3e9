/** What a command says: plain lines, with a spinner-free progress that also reads well in a log. */
export interface Output {
  /** A result; standard output. */
  print(line: string): void;
  /** A step that is under way; standard error, so that results can be piped. */
  progress(line: string): void;
  /** Something the user should know; standard error. */
  note(line: string): void;
}

export const standardOutput: Output = {
  print: (line) => void process.stdout.write(`${line}\n`),
  progress: (line) => void process.stderr.write(`  ${line}\n`),
  note: (line) => void process.stderr.write(`${line}\n`),
};

/** Columns three blanks apart, as kubectl prints them. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd((widths[i] ?? 0) + 3))).join("")).join("\n");
}

/** `52 MB` */
export function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? "?" : `${Math.round(bytes / 1e6)} MB`;
}

/** `0.8 s` */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** `3m12s`, `5h`, `2d` */
export function duration(ms: number): string {
  const s = Math.floor(ms / 1000);
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m${s % 60}s`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h${Math.floor((s % 3600) / 60)}m`;
  return `${Math.floor(s / 86_400)}d`;
}
