/**
 * `npm run build`: bundles `src/cluster/cli/main.ts` into `dist/`, split so that each command loads only what it needs.
 * Native addons and the libraries that find files beside themselves stay packages.
 */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { writeDescriptions } from "./generate-descriptions.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = join(root, "dist");
const version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const result = await build({
  absWorkingDir: root,
  entryPoints: { tsukube: "src/cluster/cli/main.ts", index: "src/cluster/index.ts" },
  outdir: out,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node24",
  outExtension: { ".js": ".mjs" },
  chunkNames: "chunks/[name]-[hash]",
  loader: { ".json": "json" },
  external: ["bufferutil", "utf-8-validate"],
  define: { "process.env.TSUKUBE_VERSION": JSON.stringify(version) },
  // Bundled CommonJS packages call require.
  banner: { js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);' },
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});
writeDescriptions(join(out, "descriptions.txt.gz"));
writeFileSync(join(out, "meta.json"), JSON.stringify(result.metafile));
let bytes = 0;
for (const f of readdirSync(out, { recursive: true, encoding: "utf8" })) if (f.endsWith(".mjs")) bytes += statSync(join(out, f)).size;
console.log(`dist: ${(bytes / 1e6).toFixed(1)} MB of code in ${Object.keys(result.metafile.outputs).length} files`);
