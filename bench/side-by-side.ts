/**
 * The API server beside the upstream one: runs a client-go load generator against both in turn, several rounds, and prints
 * the ratio of medians for every phase.
 *
 * usage: node bench/side-by-side.ts --apibench PATH --ours KUBECONFIG --our-pids 1,2 --reference KUBECONFIG --reference-pids 3,4
 *        [--rounds 3] [--protobuf] [-- more arguments for apibench]
 *
 * `apibench` prints one JSON line a phase: { phase, per_sec, p50_ms, p99_ms, server_cpu_ms_per_op, errors }.
 * Machines are noisy: only the ratios mean anything. `cpu` is upstream's CPU per operation over ours (more is better),
 * `rate` our operations a second over upstream's, `p99` our 99th percentile over upstream's (less is better).
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

interface Phase {
  phase: string;
  per_sec: number;
  p50_ms: number;
  p99_ms: number;
  server_cpu_ms_per_op?: number;
  errors: number;
  first_error?: string;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    apibench: { type: "string" },
    ours: { type: "string" },
    "our-pids": { type: "string" },
    reference: { type: "string" },
    "reference-pids": { type: "string" },
    rounds: { type: "string", default: "3" },
    protobuf: { type: "boolean", default: false },
  },
});

function need(name: "apibench" | "ours" | "our-pids" | "reference" | "reference-pids"): string {
  const value = values[name];
  if (value === undefined) {
    console.error(`--${name} is missing; the usage stands at the top of this file`);
    process.exit(2);
  }
  return value;
}

function round(kubeconfig: string, pids: string): Phase[] {
  const args = ["-kubeconfig", kubeconfig, "-raw", "-server-pids", pids, ...(values.protobuf ? ["-protobuf"] : []), ...positionals];
  const result = spawnSync(need("apibench"), args, { encoding: "utf8", maxBuffer: 1 << 24 });
  if (result.status !== 0) throw new Error(`apibench against ${kubeconfig}: ${result.stderr}`);
  return result.stdout
    .split("\n")
    .filter((l) => l.startsWith("{"))
    .map((l) => JSON.parse(l) as Phase);
}

const median = (numbers: number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

const runs = { ours: [] as Phase[][], reference: [] as Phase[][] };
for (let i = 0; i < Number(values.rounds); i++) {
  runs.reference.push(round(need("reference"), need("reference-pids")));
  runs.ours.push(round(need("ours"), need("our-pids")));
  console.error(`round ${i + 1} of ${values.rounds}`);
}
const collect = (side: Phase[][], phase: string, field: "per_sec" | "p99_ms" | "server_cpu_ms_per_op"): number =>
  median(side.flatMap((r) => r.filter((p) => p.phase === phase).map((p) => p[field] ?? Number.NaN)));
console.log("phase     cpu ms/op ours  upstream   cpu×    ops/s ours  upstream   rate×   p99 ms ours  upstream   errors");
for (const { phase } of runs.ours[0] ?? []) {
  const [oc, rc] = [collect(runs.ours, phase, "server_cpu_ms_per_op"), collect(runs.reference, phase, "server_cpu_ms_per_op")];
  const [or, rr] = [collect(runs.ours, phase, "per_sec"), collect(runs.reference, phase, "per_sec")];
  const [op, rp] = [collect(runs.ours, phase, "p99_ms"), collect(runs.reference, phase, "p99_ms")];
  const failed = runs.ours.flat().filter((p) => p.phase === phase && p.errors > 0);
  const cells = [
    oc.toFixed(3).padStart(14),
    rc.toFixed(3).padStart(9),
    (rc / oc).toFixed(2).padStart(6),
    or.toFixed(0).padStart(13),
    rr.toFixed(0).padStart(9),
    (or / rr).toFixed(2).padStart(7),
    op.toFixed(1).padStart(12),
    rp.toFixed(1).padStart(9),
  ];
  console.log(`${phase.padEnd(8)}${cells.join(" ")}   ${failed.length === 0 ? "-" : `${failed[0]?.errors}: ${failed[0]?.first_error}`}`);
}
