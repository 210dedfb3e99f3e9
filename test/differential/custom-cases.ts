/** Custom resources with schemas, defaults, pruning, rules, subresources: a definition, then what is written under it. */
import type { Case, CaseRequest } from "./case.ts";
import { namespace } from "./case.ts";
import type { Json } from "./objects.ts";

const group = "custom.example.com";
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

interface Definition {
  readonly plural: string;
  readonly spec: Json;
  readonly extra?: Json;
  /** Specs that are created (dry), and that a stored object is updated to (dry). */
  readonly stored: Json;
  readonly tries: readonly Json[];
}

const text = { type: "string" };
const whole = { type: "integer" };

const list: readonly Definition[] = [
  {
    plural: "shapes",
    spec: {
      type: "object",
      required: ["size"],
      properties: {
        size: { ...whole, minimum: 1, maximum: 10, format: "int32" },
        name: { ...text, default: "none", maxLength: 5, minLength: 2, pattern: "^[a-z]+$" },
        color: { ...text, enum: ["red", "blue"] },
        ratio: { type: "number", multipleOf: 0.5, exclusiveMaximum: true, maximum: 3 },
        parts: {
          type: "array",
          maxItems: 2,
          minItems: 1,
          items: { type: "object", required: ["key"], properties: { key: text, n: { ...whole, default: 3 } } },
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["key"],
        },
        tags: { type: "array", items: text, "x-kubernetes-list-type": "set" },
        map: { type: "object", maxProperties: 2, additionalProperties: whole },
        port: { "x-kubernetes-int-or-string": true },
        maybe: { ...text, nullable: true },
        raw: { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: { known: whole } },
        when: { ...text, format: "date-time" },
        host: { ...text, format: "hostname" },
        any: { type: "object", properties: { a: text, b: text }, oneOf: [{ required: ["a"] }, { required: ["b"] }] },
        embedded: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
      },
    },
    stored: { size: 2, color: "red", parts: [{ key: "a" }], tags: ["x"] },
    tries: [
      {},
      { size: 0 },
      { size: 11 },
      { size: "x" },
      { size: 1.5 },
      { size: null },
      { size: 2, unknown: 1 },
      { size: 2, name: "x" },
      { size: 2, name: "toolong" },
      { size: 2, name: "AB" },
      { size: 2, name: null },
      { size: 2, color: "green" },
      { size: 2, color: "" },
      { size: 2, ratio: 3 },
      { size: 2, ratio: 0.7 },
      { size: 2, ratio: "x" },
      { size: 2, parts: [] },
      { size: 2, parts: [{ key: "a" }, { key: "a" }] },
      { size: 2, parts: [{}] },
      { size: 2, parts: [{ key: "a" }, { key: "b" }, { key: "c" }] },
      { size: 2, parts: [{ key: "a", unknown: 1 }] },
      { size: 2, parts: "x" },
      { size: 2, tags: ["a", "a"] },
      { size: 2, tags: [5] },
      { size: 2, map: { a: 1, b: 2, c: 3 } },
      { size: 2, map: { a: "x" } },
      { size: 2, port: 5 },
      { size: 2, port: "http" },
      { size: 2, port: 1.5 },
      { size: 2, port: true },
      { size: 2, maybe: null },
      { size: 2, raw: { known: "x", other: { deep: [1] } } },
      { size: 2, when: "x" },
      { size: 2, when: "2020-01-01T00:00:00Z" },
      { size: 2, host: "a b" },
      { size: 2, any: {} },
      { size: 2, any: { a: "x", b: "y" } },
      { size: 2, embedded: {} },
      { size: 2, embedded: { kind: "A", apiVersion: "v1", metadata: { name: "x", labels: 5 } } },
      { size: 2, embedded: { kind: "A", apiVersion: "v1", metadata: { name: "Bad_" } } },
    ],
  },
  {
    plural: "rules",
    spec: {
      type: "object",
      properties: {
        min: whole,
        max: whole,
        fixed: { ...text, "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "fixed does not change" }] },
        once: {
          ...text,
          "x-kubernetes-validations": [
            {
              rule: "oldSelf.orValue('') == '' || self == oldSelf.value()",
              optionalOldSelf: true,
              messageExpression: "'was ' + oldSelf.orValue('nothing')",
            },
          ],
        },
        names: {
          type: "array",
          maxItems: 10,
          items: { ...text, maxLength: 10 },
          "x-kubernetes-validations": [
            { rule: "self.all(n, n.startsWith('a'))", message: "names begin with a", reason: "FieldValueForbidden" },
          ],
        },
        parts: {
          type: "array",
          maxItems: 5,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["key"],
          items: {
            type: "object",
            required: ["key"],
            properties: { key: { ...text, maxLength: 8 }, n: whole },
            "x-kubernetes-validations": [{ rule: "self.n >= oldSelf.n", message: "n does not shrink", fieldPath: ".n" }],
          },
        },
        amount: {
          ...text,
          maxLength: 20,
          "x-kubernetes-validations": [
            { rule: "isQuantity(self) && quantity(self).isGreaterThan(quantity('1'))", message: "more than one" },
          ],
        },
        address: { ...text, maxLength: 40, "x-kubernetes-validations": [{ rule: "isIP(self) && ip(self).family() == 4" }] },
      },
      "x-kubernetes-validations": [
        {
          rule: "!has(self.min) || !has(self.max) || self.min <= self.max",
          message: "min is not above max",
          fieldPath: ".min",
          reason: "FieldValueInvalid",
        },
        { rule: "!has(self.max) || self.max < 100", messageExpression: "'max is ' + string(self.max)", reason: "FieldValueRequired" },
      ],
    },
    stored: { min: 1, max: 5, fixed: "a", once: "b", names: ["a1"], parts: [{ key: "k", n: 3 }] },
    tries: [
      {},
      { min: 6, max: 5 },
      { max: 200 },
      { min: 300, max: 200 },
      { fixed: "b" },
      { fixed: "a" },
      { once: "c" },
      { once: "b" },
      { names: ["b"] },
      { names: ["a", "b"] },
      { parts: [{ key: "k", n: 2 }] },
      {
        parts: [
          { key: "k", n: 4 },
          { key: "l", n: 0 },
        ],
      },
      { parts: [{ key: "k" }] },
      { amount: "x" },
      { amount: "1" },
      { amount: "2Gi" },
      { address: "1.2.3.4" },
      { address: "::1" },
      { address: "x" },
      { min: "x" },
      { min: 6, max: 5, fixed: "b", names: ["b"] },
    ],
  },
];

/** One case a definition: it goes at the end. */
export function* customCases(): Generator<Case> {
  for (const definition of list) {
    const { plural, spec, stored, tries } = definition;
    const singular = plural.slice(0, -1);
    const kind = singular.slice(0, 1).toUpperCase() + singular.slice(1);
    const at = `/apis/${group}/v1/namespaces/${namespace}/${plural}`;
    const schema = { type: "object", properties: { spec, status: { type: "object", properties: { seen: whole } } } };
    const crd: Json = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: "Namespaced",
        names: { plural, singular, kind },
        versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema }, subresources: { status: {} } }],
      },
    };
    const object = (wanted: Json, name = "one"): string =>
      JSON.stringify({ apiVersion: `${group}/v1`, kind, metadata: { name }, spec: wanted });
    const requests: CaseRequest[] = [
      { method: "POST", path: definitions, body: JSON.stringify(crd) },
      { method: "AWAIT", path: `${at}?limit=1` },
      ...tries.flatMap((wanted): CaseRequest[] => [
        { method: "POST", path: `${at}?dryRun=All&fieldValidation=Strict`, body: object(wanted, "dry") },
        { method: "POST", path: `${at}?dryRun=All&fieldValidation=Warn`, body: object(wanted, "dry") },
      ]),
      { method: "POST", path: at, body: object(stored) },
      ...tries.flatMap((wanted): CaseRequest[] => [
        {
          method: "PATCH",
          path: `${at}/one?dryRun=All`,
          headers: { "content-type": "application/merge-patch+json" },
          body: JSON.stringify({ spec: wanted }),
        },
        {
          method: "PATCH",
          path: `${at}/one?dryRun=All&fieldManager=m`,
          headers: { "content-type": "application/apply-patch+yaml" },
          body: object(wanted),
        },
      ]),
      {
        method: "PATCH",
        path: `${at}/one/status?dryRun=All`,
        headers: { "content-type": "application/merge-patch+json" },
        body: '{"status":{"seen":"x"},"spec":{"size":9}}',
      },
      {
        method: "PATCH",
        path: `${at}/one/status?dryRun=All`,
        headers: { "content-type": "application/merge-patch+json" },
        body: '{"status":{"seen":5,"unknown":1},"spec":{"size":9}}',
      },
      { method: "PATCH", path: `${at}/one`, headers: { "content-type": "application/strategic-merge-patch+json" }, body: "{}" },
      { method: "GET", path: `${at}/one` },
      { method: "GET", path: at },
      { method: "DELETE", path: `${at}/one` },
      { method: "DELETE", path: `${definitions}/${plural}.${group}` },
    ];
    yield { kind: "apiextensions.k8s.io/v1/customresourcedefinitions", title: `custom ${plural}`, field: plural, requests };
  }
}
