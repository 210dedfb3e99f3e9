/** Index lists such as `0,2-5`. */

/** How many indexes a list names, or what is wrong with it. */
export function countIndexes(text: string, completions: number): { count: number } | { fault: string } {
  if (text === "") return { count: 0 };
  let last = -1;
  let count = 0;
  for (const interval of text.split(",")) {
    const parsed = parseInterval(interval, completions);
    if ("fault" in parsed) return parsed;
    const { from, to } = parsed;
    if (last >= from) return { fault: `non-increasing order, previous: ${last}, current: ${from}` };
    count += to - from + 1;
    last = to;
  }
  return { count };
}

type Interval = { from: number; to: number } | { fault: string };

function parseInterval(text: string, completions: number): Interval {
  const limits = text.split("-");
  const fragment = JSON.stringify(text);
  if (limits.length > 2) {
    return {
      fault: `the fragment ${fragment} violates the requirement that an index interval can have at most two parts separated by '-'`,
    };
  }
  const numbers: number[] = [];
  for (const limit of limits) {
    if (!/^[-+]?\d+$/.test(limit)) return { fault: `cannot convert string to integer for index: ${JSON.stringify(limit)}` };
    if (Number(limit) >= completions) return { fault: `too large index: ${JSON.stringify(limit)}` };
    numbers.push(Number(limit));
  }
  const [from = 0, to = from] = numbers;
  if (limits.length > 1 && from >= to) return { fault: `non-increasing order, previous: ${from}, current: ${to}` };
  return { from, to };
}

/** The first index that stands in both lists, which are well-formed. */
export function commonIndex(a: string, b: string): number | undefined {
  if (a === "" || b === "") return undefined;
  for (const x of intervals(a)) {
    for (const y of intervals(b)) if (x.from <= y.to && y.from <= x.to) return Math.max(x.from, y.from);
  }
  return undefined;
}

function intervals(text: string): { from: number; to: number }[] {
  return text.split(",").flatMap((part) => {
    const parsed = parseInterval(part, Number.POSITIVE_INFINITY);
    return "fault" in parsed ? [] : [parsed];
  });
}
