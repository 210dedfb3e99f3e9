/** The generated table is what the generator makes of the facts today. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { resourceRows, typeNameOf, typeNames, typeRow } from "../src/schema/scheme.ts";
import { resourcesSource, rowsSource } from "../tools/generate-table.ts";

const table = (name: string): string => readFileSync(new URL(`../src/schema/table/${name}`, import.meta.url), "utf8");

test("the table of types is fresh", () => {
  assert.equal(table("rows.json"), rowsSource());
  assert.equal(table("resources.json"), resourcesSource());
});

test("every type a field refers to has a row", () => {
  for (const name of typeNames()) {
    for (const field of typeRow(name).fields) {
      let shape = field.shape;
      while (shape.kind === "list" || shape.kind === "map") shape = shape.kind === "list" ? shape.item : shape.value;
      if (shape.kind === "message") assert.doesNotThrow(() => typeRow((shape as { type: string }).type), `${name}.${field.name}`);
    }
  }
});

test("every resource and subresource of discovery has a type", () => {
  for (const row of resourceRows) {
    for (const { responseKind } of [row, ...(row.subresources ?? [])]) {
      const own = responseKind.version === "";
      const gvk = {
        group: own ? row.group : responseKind.group,
        version: own ? row.version : responseKind.version,
        kind: responseKind.kind,
      };
      assert.notEqual(typeNameOf(gvk), undefined, `${row.resource} ${JSON.stringify(gvk)}`);
    }
  }
});

test("the fields of the table are those of the Go types", () => {
  const shapes = JSON.parse(readFileSync(new URL("../facts/go-shape.json", import.meta.url), "utf8")) as Record<string, object>;
  for (const name of typeNames()) {
    const shape = shapes[name];
    const row = typeRow(name);
    if (shape === undefined || row.special !== undefined || name.endsWith(".InternalEvent")) continue;
    assert.deepEqual(row.fields.map((f) => f.name).toSorted(), Object.keys(shape).toSorted(), name);
  }
});
