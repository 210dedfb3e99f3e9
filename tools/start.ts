/** `npm start`: builds what people run if the sources changed, then starts a cluster with the demo on it. */
import { spawnSync } from "node:child_process";
import { ensureBuilt, root } from "./built.ts";

ensureBuilt();
const args = process.argv.slice(2);
const result = spawnSync(process.execPath, ["bin/tsukube.cjs", "demo", ...(process.stdin.isTTY ? [] : ["--yes"]), ...args], {
  cwd: root,
  stdio: "inherit",
});
process.exit(result.status ?? 1);
