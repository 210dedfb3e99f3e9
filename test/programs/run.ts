/**
 * Runs programs that others wrote against a cluster: `run.ts [--kubeconfig FILE] [--programs DIR] [--kubectl FILE] [NAME…]`.
 * Without a kubeconfig it starts a cluster of its own, and removes it. Exit status 0: every program did what it should.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { checkGatekeeper } from "./gatekeeper.ts";
import { checkKwok } from "./kwok.ts";
import { checkMetricsServer } from "./metrics-server.ts";
import { freePort } from "../control-plane/free-port.ts";
import { type Cluster, ownProgram } from "./program.ts";

const here = import.meta.dirname;
const root = resolve(here, "../..");

/** In this order: each leaves the cluster fit for the next. */
const checks: Readonly<Record<string, (cluster: Cluster) => Promise<void> | void>> = {
  "operator-go": (cluster) => {
    const { status } = spawnSync(ownProgram(cluster, join(here, "operator-go"), "operator-go"), ["-cluster", cluster.kubeconfig], {
      stdio: ["ignore", "inherit", "ignore"],
    });
    if (status !== 0) throw new Error(`operator-go ended with status ${status}`);
  },
  kwok: checkKwok,
  "metrics-server": checkMetricsServer,
  gatekeeper: checkGatekeeper,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { kubeconfig: { type: "string" }, programs: { type: "string" }, kubectl: { type: "string", default: "kubectl" } },
});
const names = positionals.length > 0 ? positionals : Object.keys(checks);
const unknown = names.filter((name) => !Object.hasOwn(checks, name));
if (unknown.length > 0) {
  console.error(`no such program: ${unknown.join(", ")}; there are ${Object.keys(checks).join(", ")}`);
  process.exit(2);
}

const work = mkdtempSync(join(tmpdir(), "tsukube-programs-"));
const own = ["--name", "programs", "--data-dir", join(work, "data")];
const tsukube = (args: readonly string[]): void => {
  const { status } = spawnSync(process.execPath, [join(root, "bin/tsukube.cjs"), ...args], { stdio: "inherit" });
  if (status !== 0) throw new Error(`tsukube ${args[0]} ended with status ${status}`);
};

let failed = 0;
try {
  const kubeconfig = values.kubeconfig === undefined ? join(work, "kubeconfig") : resolve(values.kubeconfig);
  if (values.kubeconfig === undefined) {
    tsukube(["up", ...own, "--port", String(await freePort()), "--kubeconfig", kubeconfig, "--detach", "--yes"]);
  }
  const programs = values.programs ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "tsukube", "programs");
  for (const name of names) {
    console.log(name);
    try {
      await checks[name]?.({ kubeconfig, work, programs: resolve(programs), kubectl: values.kubectl });
      console.log("  ok");
    } catch (error) {
      failed++;
      console.log(`  FAILED: ${(error as Error).message}`);
    }
  }
} finally {
  if (values.kubeconfig === undefined) tsukube(["down", ...own, "--purge"]);
  if (failed === 0) rmSync(work, { recursive: true, force: true });
  else console.log(`what the programs said is in ${work}`);
}
process.exitCode = failed === 0 ? 0 : 1;
