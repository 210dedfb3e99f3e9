/** Every controller says what it is, under the same headings, and names the events that it tells. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { builtinControllers } from "./index.ts";

const here = new URL("./", import.meta.url);
const folders = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);
const headings = ["## What it does", "## Watches", "## Writes", "## Events", "## Differences from upstream"];

const readme = (folder: string): string => readFileSync(new URL(`${folder}/README.md`, here), "utf8");

test("every controller has a README with the same headings in the same order", () => {
  for (const folder of folders) {
    assert.ok(existsSync(new URL(`${folder}/README.md`, here)), `${folder} has no README.md`);
    assert.deepEqual(readme(folder).match(/^## .*$/gm), headings, folder);
  }
});

test("a README is titled by the controller's name, and none is missing from the list", () => {
  const listed = builtinControllers({
    rootCertificates: "",
    nodeIpam: { clusterCidrs: ["10.0.0.0/16"] },
    signing: { authority: { certificate: "", key: "" } },
    serviceAccountTokens: () => "",
    podCertificateRequests: true,
    clusterTrustBundles: true,
    bootstrapTokens: true,
  }).map((c) => c.name);
  assert.deepEqual(
    folders.map((f) => /^# (.*)$/m.exec(readme(f))?.[1] ?? "").toSorted((a, b) => (a < b ? -1 : 1)),
    listed.toSorted((a, b) => (a < b ? -1 : 1)),
  );
});

test("events that the code tells are in the README", () => {
  for (const folder of folders) {
    const files = readdirSync(new URL(`${folder}/`, here)).filter((f) => f.endsWith(".ts") && !f.endsWith(".test.ts"));
    const code = files.map((f) => readFileSync(new URL(`${folder}/${f}`, here), "utf8")).join("\n");
    for (const [, reason = ""] of code.matchAll(/"(?:Normal|Warning)",\s*(?:reason: )?"([A-Z][A-Za-z]+)"/g)) {
      assert.ok(readme(folder).includes(`\`${reason}\``), `${folder}: ${reason}`);
    }
  }
});
