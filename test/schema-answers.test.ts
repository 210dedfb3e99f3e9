/** Answers recorded from upstream's API server (v1.36.3): ours are the same, word for word. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { isApiError } from "../src/core/api-error.ts";
import { decodeJson, decodeRequest, encodeJson, type FieldValidation } from "../src/schema/codec.ts";
import { describeFieldError, type FieldError, FieldPath, invalid, invalidField } from "../src/schema/field-error.ts";
import type { UnstructuredObject } from "../src/schema/object.ts";
import { applyPatch, decodePatch, type PatchType } from "../src/schema/patch/apply-patch.ts";
import { decodeCustomResource, validateEmbedded } from "../src/schema/structural/custom-resource.ts";
import { applyDefaults } from "../src/schema/structural/default.ts";
import { validateListTypes } from "../src/schema/structural/list-type.ts";
import { compileSchema } from "../src/schema/structural/schema.ts";
import { validateStructural } from "../src/schema/structural/structural.ts";
import { validateAgainstSchema } from "../src/schema/structural/validate.ts";
import type { JSONSchemaProps } from "../src/schema/types/apiextensions-v1.ts";

const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(`schema-samples/${name}.json`, import.meta.url), "utf8")) as T;

/** What a call throws as a Status, or else what it returns. */
function answerOf(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    if (!isApiError(error)) throw error;
    return JSON.parse(JSON.stringify(error.toStatus())) as unknown;
  }
}

describe("request bodies", () => {
  for (const { body, message } of read<{ body: string; message: string }[]>("requests")) {
    test(body === "" ? "an empty body" : body, () => {
      assert.throws(() => decodeRequest(Buffer.from(body), { group: "", version: "v1", kind: "Pod" }, "Strict"), { code: 400, message });
    });
  }
});

describe("patches", () => {
  const { objects, cases } = read<{
    objects: Record<string, UnstructuredObject>;
    cases: { type: PatchType; body: string; object: string; validation: FieldValidation; answer: UnstructuredObject }[];
  }>("patches");
  const types: Record<string, string> = {
    configmaps: "io.k8s.api.core.v1.ConfigMap",
    deployments: "io.k8s.api.apps.v1.Deployment",
    secrets: "io.k8s.api.core.v1.Secret",
    services: "io.k8s.api.core.v1.Service",
  };
  for (const { type, body, object: name, validation, answer } of cases) {
    test(`${type} ${body}${validation === "Strict" ? "" : ` (${validation})`}`, () => {
      const typeName = types[name.split("/")[0] as string] as string;
      const current = decodeJson(JSON.stringify(objects[name]), typeName, "Ignore").object;
      const before = encodeJson(current);
      const ours = answerOf(() => {
        const { object } = applyPatch(current, decodePatch(type, body, validation), typeName, validation);
        const { labels: l, finalizers: f } = object.metadata as { labels?: unknown; finalizers?: unknown };
        return JSON.parse(JSON.stringify({ data: object["data"], spec: object["spec"], l, f })) as unknown;
      });
      assert.deepEqual(ours, answer);
      assert.equal(encodeJson(current), before, "the object itself is not changed");
    });
  }
});

/** The order of errors is the order of a map upstream; it does not count. */
function inOrder(answer: unknown): unknown {
  const status = answer as { kind?: string; message?: string; details?: { causes?: unknown[] } };
  if (status?.kind !== "Status") return answer;
  const causes = status.details?.causes?.map((c) => JSON.stringify(c)).sort();
  return { ...status, message: causes === undefined ? status.message : "", details: { ...status.details, causes } };
}

describe("custom resources", () => {
  const { schema: source, cases } = read<{
    schema: JSONSchemaProps;
    cases: { body: string; validation: FieldValidation; answer: unknown }[];
  }>("custom-resources");
  const schema = compileSchema(source);
  const kind = { group: "schema.example.com", version: "v1", kind: "Wid" };
  for (const { body, validation, answer } of cases) {
    test(`${validation} ${body}`, () => {
      const ours = answerOf(() => {
        const { object } = decodeCustomResource(Buffer.from(body), kind, schema, validation);
        applyDefaults(object, schema);
        const errors: FieldError[] =
          object.kind === kind.kind
            ? [...validateAgainstSchema(object, schema), ...validateEmbedded(object, schema), ...validateListTypes(object, schema)]
            : [invalidField(new FieldPath("kind"), object.kind, `must be ${kind.kind}`)];
        if (errors.length > 0) throw invalid({ group: kind.group, kind: object.kind as string }, "x", errors);
        return JSON.parse(encodeJson(object["spec"])) as unknown;
      });
      assert.deepEqual(inOrder(ours), inOrder(answer));
    });
  }
});

describe("structural schemas", () => {
  for (const { schema, errors } of read<{ schema: JSONSchemaProps; errors: string[] }[]>("structural")) {
    test(JSON.stringify(schema), () => {
      assert.deepEqual(validateStructural(schema, new FieldPath("spec.validation.openAPIV3Schema")).map(describeFieldError), errors);
    });
  }
});

test("an update does not complain of what has not changed", () => {
  const schema = compileSchema({
    type: "object",
    properties: { a: { type: "string", maxLength: 1 }, b: { type: "string", maxLength: 1 } },
  });
  const fields = (value: object, old?: object): string[] => validateAgainstSchema(value, schema, old).map((e) => e.field);
  assert.deepEqual(fields({ a: "long", b: "long" }), ["a", "b"]);
  assert.deepEqual(fields({ a: "long", b: "longer" }, { a: "long", b: "long" }), ["b"]);
});
