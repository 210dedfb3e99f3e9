/**
 * `npm test`: runs every `*.test.ts` under src/ and test/ with Node's test runner, and closes with one line
 * `N passed, N failed, N skipped`.
 *
 * usage: npm test [-- PATH-PART...]   only files whose path contains one of the parts
 */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const parts = process.argv.slice(2);
const files = ["src", "test"]
  .flatMap((dir) => readdirSync(join(root, dir), { recursive: true, encoding: "utf8" }).map((f) => join(dir, f)))
  .filter((f) => f.endsWith(".test.ts") && (parts.length === 0 || parts.some((p) => f.includes(p))))
  .sort();
if (files.length === 0) {
  console.error(`no test file matches ${parts.join(" ")}`);
  process.exit(1);
}

const child = spawn(process.execPath, ["--test", "--test-concurrency=2", "--test-reporter=spec", "--test-timeout=600000", ...files], {
  cwd: root,
  stdio: ["ignore", "pipe", "inherit"],
  env: { ...process.env, NODE_OPTIONS: [process.env["NODE_OPTIONS"], "--disable-warning=ExperimentalWarning"].filter(Boolean).join(" ") },
});
const counts: Record<string, number> = {};
let line = "";
child.stdout.on("data", (chunk: Buffer) => {
  process.stdout.write(chunk);
  line += chunk.toString();
  const lines = line.split("\n");
  line = lines.pop() as string;
  for (const l of lines) {
    const m = /^ℹ (pass|fail|skipped|cancelled|todo) (\d+)/u.exec(l);
    if (m) counts[m[1] as string] = Number(m[2]);
  }
});
child.on("close", (code) => {
  const failed = (counts["fail"] ?? 0) + (counts["cancelled"] ?? 0);
  console.log(`${counts["pass"] ?? 0} passed, ${failed} failed, ${counts["skipped"] ?? 0} skipped`);
  process.exit(code === 0 && failed === 0 ? 0 : 1);
});
