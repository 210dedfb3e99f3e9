import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("..", import.meta.url));

/** Builds `dist/` unless it is newer than every source. */
export function ensureBuilt(): void {
  const bundle = join(root, "dist", "tsukube.mjs");
  const sources = ["src", "facts"].flatMap((dir) =>
    readdirSync(join(root, dir), { recursive: true, encoding: "utf8" }).map((f) => join(root, dir, f)),
  );
  sources.push(join(root, "package-lock.json"), join(root, "tools", "build.ts"));
  const built = existsSync(bundle) ? statSync(bundle).mtimeMs : 0;
  if (sources.every((f) => statSync(f).mtimeMs <= built)) return;
  process.stderr.write("  building\n");
  const result = spawnSync(process.execPath, ["tools/build.ts"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  if (result.status !== 0) throw new Error("the build failed; `npm run build` shows why");
}
