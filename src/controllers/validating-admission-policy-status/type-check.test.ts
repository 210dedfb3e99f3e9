import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { ValidatingAdmissionPolicy } from "../../schema/types/admissionregistration-v1.ts";
import type { CustomResourceDefinition } from "../../schema/types/apiextensions-v1.ts";
import { checkTypes } from "./type-check.ts";
import { typeLookup } from "./types.ts";

type Recorded = Pick<ValidatingAdmissionPolicy, "spec" | "status"> & { name: string };

/** Policies with the status that upstream's controller gave them. */
const recorded = JSON.parse(readFileSync(new URL("recorded.json", import.meta.url), "utf8")) as Recorded[];

for (const { name, spec, status } of recorded) {
  void test(`the expressions of ${name} are warned of as upstream does`, () => {
    assert.deepEqual(checkTypes({ spec }, typeLookup([])), status?.typeChecking?.expressionWarnings);
  });
}

void test("expressions about custom resources are checked against the schema of the version", () => {
  const definition = {
    spec: {
      group: "example.com",
      names: { kind: "Thing", plural: "things" },
      scope: "Namespaced",
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", properties: { size: { type: "integer" } } } },
        },
      ],
    },
  } as unknown as CustomResourceDefinition;
  const rule = { operations: ["*"], apiGroups: ["example.com"], apiVersions: ["v1"], resources: ["things"] };
  const policy = (expression: string): ValidatingAdmissionPolicy => ({
    spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression }] },
  });
  assert.deepEqual(checkTypes(policy("object.size > 1 && object.metadata.name != ''"), typeLookup([definition])), []);
  const [warning] = checkTypes(policy("object.weight > 1"), typeLookup([definition]));
  assert.equal(warning?.fieldRef, "spec.validations[0].expression");
  assert.match(warning?.warning ?? "", /^example.com\/v1, Kind=Thing: ERROR: <input>:1:7: undefined field 'weight'/);
});

void test("rules with wildcards name no types", () => {
  const rule = { operations: ["*"], apiGroups: ["*"], apiVersions: ["v1"], resources: ["pods"] };
  const policy = { spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: "object.nothing" }] } };
  assert.deepEqual(checkTypes(policy, typeLookup([])), []);
});
