/** The objects that cases start from: `bases/*.yaml`, then those of `test/fixtures/kinds` that upstream accepted. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { apiVersionOf, namespace } from "./case.ts";
import type { Json } from "./objects.ts";
import { resourceRows, type ResourceRow, typeNameOf } from "../../src/schema/scheme.ts";
import type { KindFixture } from "../fixtures/kinds/fixture.ts";

export interface TestedKind {
  /** `group/version/resource` */
  readonly id: string;
  readonly row: ResourceRow;
  readonly typeName: string;
  readonly namespaced: boolean;
  /** The first ones are of `bases/`. */
  readonly bases: readonly Json[];
  /** How many are of `bases/`. */
  readonly own: number;
}

const directory = join(import.meta.dirname, "bases");
const recorded = join(import.meta.dirname, "../fixtures/kinds");

function writtenBases(): Map<string, Json[]> {
  const found = new Map<string, Json[]>();
  for (const file of readdirSync(directory).sort()) {
    for (const text of readFileSync(join(directory, file), "utf8").split(/^---$/m)) {
      const object = load(text) as Json;
      const key = `${object["apiVersion"] as string}/${object["kind"] as string}`;
      found.set(key, [...(found.get(key) ?? []), object]);
    }
  }
  return found;
}

function recordedBases(): Map<string, Json[]> {
  const found = new Map<string, Json[]>();
  for (const file of readdirSync(recorded)
    .filter((f) => f.endsWith(".json"))
    .sort()) {
    const text = readFileSync(join(recorded, file), "utf8").replaceAll("the-namespace", namespace);
    const fixture = JSON.parse(text) as KindFixture;
    const key = `${apiVersionOf(fixture)}/${fixture.kind}`;
    const accepted = fixture.cases.filter((c) => c.update === undefined && c.answer?.object !== undefined).map((c) => c.object);
    found.set(key, [...(found.get(key) ?? []), ...accepted.map((o) => ({ apiVersion: apiVersionOf(fixture), kind: fixture.kind, ...o }))]);
  }
  return found;
}

/** Every resource that is served by default and can be created, in discovery's order. */
export function testedKinds(): TestedKind[] {
  const written = writtenBases();
  const others = recordedBases();
  return resourceRows
    .filter((r) => r.servedByDefault && r.verbs.includes("create") && r.verbs.includes("get"))
    .map((row) => {
      const kind = row.responseKind.kind;
      const key = `${apiVersionOf(row)}/${kind}`;
      const own = written.get(key) ?? [];
      const type = typeNameOf({ group: row.group, version: row.version, kind });
      if (type === undefined || own.length === 0) throw new Error(`no base object for ${key}`);
      const bases = [...own, ...(others.get(key) ?? [])];
      return {
        id: `${row.group}/${row.version}/${row.resource}`,
        row,
        typeName: type,
        namespaced: row.scope === "Namespaced",
        bases,
        own: own.length,
      };
    });
}

/** Where the resource's collection is. */
export function collectionPath({ row, namespaced }: Pick<TestedKind, "row" | "namespaced">): string {
  const root = row.group === "" ? `/api/${row.version}` : `/apis/${row.group}/${row.version}`;
  return namespaced ? `${root}/namespaces/${namespace}/${row.resource}` : `${root}/${row.resource}`;
}
