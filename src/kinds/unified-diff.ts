/**
 * A unified diff of two texts, with three lines of context. Lines are matched by the longest common run first
 * (Ratcliff and Obershelp), lines that are very frequent in a long text being no anchors: the same lines that upstream's
 * messages about immutable fields show.
 */
interface Change {
  readonly same: boolean;
  readonly aFrom: number;
  aTo: number;
  readonly bFrom: number;
  bTo: number;
}

const context = 3;

/** Hunks as `diff -u` writes them, without the two lines that name files; empty when the texts are the same. */
export function unifiedDiff(before: string, after: string): string {
  const a = before.split("\n");
  const b = after.split("\n");
  let text = "";
  for (const group of groups(changes(a, b))) {
    const first = group[0] as Change;
    const last = group[group.length - 1] as Change;
    text += `@@ -${range(first.aFrom, last.aTo)} +${range(first.bFrom, last.bTo)} @@\n`;
    for (const change of group) {
      if (change.same) for (const line of a.slice(change.aFrom, change.aTo)) text += ` ${line}\n`;
      else {
        for (const line of a.slice(change.aFrom, change.aTo)) text += `-${line}\n`;
        for (const line of b.slice(change.bFrom, change.bTo)) text += `+${line}\n`;
      }
    }
  }
  return text;
}

function range(from: number, to: number): string {
  const length = to - from;
  if (length === 1) return `${from + 1}`;
  return `${length === 0 ? from : from + 1},${length}`;
}

/** Splits the changes where more lines are the same than two contexts show. */
function groups(all: readonly Change[]): Change[][] {
  const list = all.map((c) => ({ ...c }));
  if (!list.some((c) => !c.same)) return [];
  const head = list[0] as Change;
  if (head.same) list[0] = { ...head, aFrom: Math.max(head.aFrom, head.aTo - context), bFrom: Math.max(head.bFrom, head.bTo - context) };
  const tail = list[list.length - 1] as Change;
  if (tail.same) {
    tail.aTo = Math.min(tail.aTo, tail.aFrom + context);
    tail.bTo = Math.min(tail.bTo, tail.bFrom + context);
  }
  const result: Change[][] = [];
  let group: Change[] = [];
  for (const change of list) {
    if (change.same && change.aTo - change.aFrom > 2 * context) {
      group.push({ ...change, aTo: change.aFrom + context, bTo: change.bFrom + context });
      result.push(group);
      group = [{ ...change, aFrom: change.aTo - context, bFrom: change.bTo - context }];
    } else group.push(change);
  }
  if (!(group.length === 1 && group[0]?.same === true)) result.push(group);
  return result;
}

function changes(a: readonly string[], b: readonly string[]): Change[] {
  const matches = matchingRuns(a, b);
  const list: Change[] = [];
  let i = 0;
  let j = 0;
  for (const [from, to, size] of [...matches, [a.length, b.length, 0] as const]) {
    if (i < from || j < to) list.push({ same: false, aFrom: i, aTo: from, bFrom: j, bTo: to });
    i = from + size;
    j = to + size;
    if (size === 0) continue;
    const last = list[list.length - 1];
    if (last?.same === true && last.aTo === from && last.bTo === to) {
      last.aTo = i;
      last.bTo = j;
    } else list.push({ same: true, aFrom: from, aTo: i, bFrom: to, bTo: j });
  }
  return list;
}

type Run = readonly [a: number, b: number, size: number];

function matchingRuns(a: readonly string[], b: readonly string[]): Run[] {
  const places = placesOf(b);
  const found: Run[] = [];
  const search = (aFrom: number, aTo: number, bFrom: number, bTo: number): void => {
    const run = longestRun(a, b, places, aFrom, aTo, bFrom, bTo);
    const [i, j, size] = run;
    if (size === 0) return;
    if (aFrom < i && bFrom < j) search(aFrom, i, bFrom, j);
    found.push(run);
    if (i + size < aTo && j + size < bTo) search(i + size, aTo, j + size, bTo);
  };
  search(0, a.length, 0, b.length);
  return found;
}

/** Where each line stands in `b`; lines that make up more than a hundredth of a long text are left out. */
function placesOf(b: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  b.forEach((line, j) => {
    const list = places.get(line);
    if (list === undefined) places.set(line, [j]);
    else list.push(j);
  });
  if (b.length < 200) return places;
  const most = Math.floor(b.length / 100) + 1;
  for (const [line, list] of places) if (list.length > most) places.delete(line);
  return places;
}

function longestRun(
  a: readonly string[],
  b: readonly string[],
  places: ReadonlyMap<string, readonly number[]>,
  aFrom: number,
  aTo: number,
  bFrom: number,
  bTo: number,
): Run {
  let bestI = aFrom;
  let bestJ = bFrom;
  let size = 0;
  let lengths = new Map<number, number>();
  for (let i = aFrom; i < aTo; i++) {
    const next = new Map<number, number>();
    for (const j of places.get(a[i] as string) ?? []) {
      if (j < bFrom) continue;
      if (j >= bTo) break;
      const length = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, length);
      if (length > size) {
        bestI = i - length + 1;
        bestJ = j - length + 1;
        size = length;
      }
    }
    lengths = next;
  }
  while (bestI > aFrom && bestJ > bFrom && a[bestI - 1] === b[bestJ - 1]) {
    bestI--;
    bestJ--;
    size++;
  }
  while (bestI + size < aTo && bestJ + size < bTo && a[bestI + size] === b[bestJ + size]) size++;
  return [bestI, bestJ, size];
}
