import type { Problem } from "./errors.ts";

/** A longer line is not shown under a message. */
const MAX_SNIPPET = 16_384;

/** Problems as upstream's answers show them: line and column from 1 in code points, the source line, a mark under it. */
export function showProblems(source: string, problems: readonly Problem[]): string {
  return problems.map((problem) => show(source, problem)).join("\n");
}

function show(source: string, { message, pos }: Problem): string {
  // Of nothing there is no line to show.
  if (source === "") return `ERROR: <input>:1:0: ${message}`;
  const before = source.slice(0, pos);
  const lineStart = before.lastIndexOf("\n") + 1;
  const lineEnd = source.indexOf("\n", lineStart);
  const line = source.slice(lineStart, lineEnd === -1 ? undefined : lineEnd).replaceAll("\t", " ");
  const column = Array.from(source.slice(lineStart, pos)).length;
  const head = `ERROR: <input>:${before.split("\n").length}:${column + 1}: ${message}`;
  if (line.length > MAX_SNIPPET) return head;
  const points = Array.from(line);
  const wide = (c: string | undefined): boolean => c !== undefined && c > "\u007f";
  const dots = points.slice(0, column).map((c) => (wide(c) ? "\uff0e" : "."));
  return `${head}\n | ${line}\n | ${dots.join("")}${wide(points[column]) ? "\uff3e" : "^"}`;
}
