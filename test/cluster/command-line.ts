/** Runs the command line in a directory of the test's own, and takes everything away afterwards, whatever happened. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { httpClient, type HttpClient } from "../../src/client/http-client.ts";
import { loadKubeconfig, resolveContext } from "../../src/client/kubeconfig.ts";
import type { RunState } from "../../src/cluster/state.ts";

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Sandbox {
  readonly dir: string;
  readonly dataDir: string;
  readonly name: string;
  /** Runs one command to its end. */
  run(...args: string[]): Promise<Result>;
  /** As {@link run}; throws with what it said unless it ends with 0. */
  must(...args: string[]): Promise<Result>;
  /** What `run.json` says. */
  state(): RunState;
  client(): Promise<HttpClient>;
  remove(): Promise<void>;
}

const launcher = fileURLToPath(new URL("tsukube.ts", import.meta.url));

export function sandbox(name: string): Sandbox {
  const dir = mkdtempSync(join(tmpdir(), `tsukube-${name}-`));
  const dataDir = join(dir, "data");
  const run = (...args: string[]): Promise<Result> => execute(dir, args);
  const must = async (...args: string[]): Promise<Result> => {
    const result = await run(...args);
    if (result.code !== 0) throw new Error(`tsukube ${args.join(" ")} ended with ${result.code}: ${result.stderr}`);
    return result;
  };
  return {
    dir,
    dataDir,
    name,
    run,
    must,
    state: () => JSON.parse(readFileSync(join(dataDir, "run.json"), "utf8")) as RunState,
    client: async () => httpClient((await resolveContext(await loadKubeconfig(join(dataDir, "kubeconfig")))).config),
    remove: async () => {
      await run("down", "--purge", "--name", name, "--data-dir", dataDir);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function execute(dir: string, args: readonly string[]): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [launcher, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, XDG_DATA_HOME: join(dir, "xdg"), KUBECONFIG: join(dir, "kubeconfig"), NODE_OPTIONS: "" },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (d: Buffer) => (stdout += d.toString()));
    child.stderr.on("data", (d: Buffer) => (stderr += d.toString()));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}
