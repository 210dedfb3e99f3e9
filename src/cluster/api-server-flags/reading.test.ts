import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { flagTable } from "./index.ts";

const source = new URL("../..", import.meta.url).pathname;

void test("every flag is read somewhere, or says why it is refused or changes nothing", () => {
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.includes("api-server-flags/rows") && !file.endsWith(".test.ts"),
  );
  const text = files.map((file) => readFileSync(join(source, file), "utf8")).join("\n");
  const unread = [...flagTable.values()].filter(({ name, refused, fixed, noEffect }) => {
    if (refused !== undefined || fixed !== undefined || noEffect !== undefined) return false;
    // Those of the two audit backends are read by their common ending.
    const ending = name.replace(/^audit-(log|webhook)-/, "");
    return !text.includes(JSON.stringify(name)) && !(ending !== name && text.includes(JSON.stringify(ending)));
  });
  assert.deepEqual(
    unread.map(({ name }) => name),
    [],
  );
});
