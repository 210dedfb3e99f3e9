import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { JsonSchema } from "../../lang/cel/index.ts";
import type { ValidatingAdmissionPolicy } from "../../schema/types/admissionregistration-v1.ts";
import { checkTypes } from "./type-check.ts";
import { type PublishedTypes, typeLookup } from "./types.ts";

type Recorded = Pick<ValidatingAdmissionPolicy, "spec" | "status"> & { name: string };

/** Policies with the status that upstream's controller gave them. */
const recorded = JSON.parse(readFileSync(new URL("recorded.json", import.meta.url), "utf8")) as Recorded[];

for (const { name, spec, status } of recorded) {
  void test(`the expressions of ${name} are warned of as upstream does`, () => {
    assert.deepEqual(checkTypes({ spec }, typeLookup([])), status?.typeChecking?.expressionWarnings);
  });
}

void test("expressions about custom resources are checked against the schema of the version", () => {
  const kinds = [{ group: "example.com", version: "v1", kind: "Thing" }];
  const published: PublishedTypes = {
    group: "example.com",
    version: "v1",
    resources: [{ name: "things", kind: "Thing" }],
    schemas: {
      "com.example.v1.Thing": {
        type: "object",
        properties: { size: { type: "integer" }, metadata: { allOf: [{ $ref: "#/components/schemas/Meta" }] } as JsonSchema },
        "x-kubernetes-group-version-kind": kinds,
      },
      Meta: { type: "object", properties: { name: { type: "string" } } },
    },
  };
  const rule = { operations: ["*"], apiGroups: ["example.com"], apiVersions: ["v1"], resources: ["things"] };
  const policy = (expression: string): ValidatingAdmissionPolicy => ({
    spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression }] },
  });
  assert.deepEqual(checkTypes(policy("object.size > 1 && object.metadata.name != ''"), typeLookup([published])), []);
  const [warning] = checkTypes(policy("object.weight > 1"), typeLookup([published]));
  assert.equal(warning?.fieldRef, "spec.validations[0].expression");
  assert.match(warning?.warning ?? "", /^example.com\/v1, Kind=Thing: ERROR: <input>:1:7: undefined field 'weight'/);
});

void test("rules with wildcards name no types", () => {
  const rule = { operations: ["*"], apiGroups: ["*"], apiVersions: ["v1"], resources: ["pods"] };
  const policy = { spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: "object.nothing" }] } };
  assert.deepEqual(checkTypes(policy, typeLookup([])), []);
});
