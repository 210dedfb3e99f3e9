/**
 * Runs `count` equal tasks in batches of 1, 2, 4, …: when the first one fails (a quota, a bad template), the rest is not
 * tried. Answers how many succeeded and the first error of the batch that failed.
 */
export async function slowStartBatch(
  count: number,
  run: (index: number) => Promise<void>,
  initialBatch = 1,
): Promise<{ succeeded: number; error: unknown }> {
  let succeeded = 0;
  let started = 0;
  for (let batch = Math.min(count, initialBatch); batch > 0; batch = Math.min(2 * batch, count - started)) {
    const from = started;
    started += batch;
    const results = await Promise.allSettled(Array.from({ length: batch }, (_, i) => run(from + i)));
    succeeded += results.filter((r) => r.status === "fulfilled").length;
    const failed = results.find((r) => r.status === "rejected");
    if (failed !== undefined) return { succeeded, error: failed.reason as unknown };
  }
  return { succeeded, error: undefined };
}
