/** A custom resource with all that a schema can say of lists, maps and embedded objects. */
import { type Sequence, step } from "./sequences.ts";

const schema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        emb: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
        tpl: {
          type: "object",
          "x-kubernetes-embedded-resource": true,
          properties: { spec: { type: "object", properties: { a: { type: "string" } } } },
        },
        rules: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["id"],
          items: {
            type: "object",
            required: ["id"],
            properties: {
              id: { type: "integer" },
              sub: {
                type: "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["n"],
                items: { type: "object", required: ["n"], properties: { n: { type: "string" }, v: { type: "string", default: "dv" } } },
              },
              m: {
                type: "object",
                additionalProperties: { type: "object", properties: { x: { type: "integer" }, y: { type: "integer", default: 7 } } },
              },
            },
          },
        },
        nums: { type: "array", "x-kubernetes-list-type": "set", items: { type: "integer" } },
        atom: { type: "array", "x-kubernetes-list-type": "atomic", items: { type: "object", properties: { q: { type: "string" } } } },
        free: { type: "object", additionalProperties: { type: "string" } },
        any: { "x-kubernetes-preserve-unknown-fields": true },
        anyarr: { type: "array", items: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
        opt: { type: "object", nullable: true, properties: { z: { type: "string" } } },
        float: { type: "number" },
        when: { type: "string", format: "date-time" },
      },
    },
  },
};

const one = "/apis/rich.example.com/v1/namespaces/NS/riches/r";
const rich = (spec: object): object => ({ apiVersion: "rich.example.com/v1", kind: "Rich", metadata: { name: "r" }, spec });

export const riches: Sequence = {
  title: "custom resources with a rich schema",
  definition: {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "riches.rich.example.com" },
    spec: {
      group: "rich.example.com",
      scope: "Namespaced",
      names: { plural: "riches", singular: "rich", kind: "Rich", listKind: "RichList" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  },
  steps: [
    step(
      "apply a",
      one,
      rich({
        emb: { apiVersion: "v1", kind: "Pod", metadata: { name: "x", labels: { a: "b" } }, spec: { q: [1] } },
        tpl: { apiVersion: "v1", kind: "Z", metadata: { name: "t", finalizers: ["f/g"] }, spec: { a: "b" } },
        rules: [{ id: 1, sub: [{ n: "a" }, { n: "b", v: "c" }], m: { k: { x: 1 } } }, { id: 2 }],
        nums: [1, 2],
        atom: [{ q: "a" }],
        free: { a: "b" },
        any: [1, { a: 2 }],
        anyarr: [{ z: 1 }],
        opt: { z: "1" },
        float: 1.5,
        when: "2020-01-01T00:00:00Z",
      }),
    ),
    step(
      "apply b",
      one,
      rich({
        rules: [
          { id: 1, sub: [{ n: "c" }] },
          { id: 3, m: { k: {} } },
        ],
        nums: [3],
        free: { c: "d" },
        emb: { apiVersion: "v1", kind: "Pod", metadata: { labels: { c: "d" } } },
      }),
    ),
    step("apply b", one, rich({ any: { x: 1 }, opt: null, float: 2 })),
    step("apply b?force=true", one, rich({ any: { x: 1 }, opt: null, float: 2 })),
    step("apply a?force=true", one, rich({ rules: [{ id: 1, sub: [{ n: "b" }] }], nums: [2], any: { y: [1] } })),
    step("merge m", one, { spec: { rules: [{ id: 3 }, { id: 1, sub: [{ n: "z" }] }], any: "s", opt: { z: "2" } } }),
    step("apply a", one, rich({ rules: [{ id: 1, sub: [{ n: "b", v: "new" }] }] })),
    step("apply a?force=true", one, rich({ rules: [{ id: 1, sub: [{ n: "b", v: "new" }] }] })),
    step("json j", one, [
      { op: "remove", path: "/spec/rules/0" },
      { op: "add", path: "/spec/free", value: {} },
      { op: "add", path: "/spec/rules/-", value: { id: 9 } },
    ]),
    step("apply b", one, rich({})),
    step("apply a", one, rich({})),
    step("apply a", one, rich({ rules: [{ id: "x" }] })),
    step("apply a", one, rich({ rules: {} })),
    step("apply a", one, rich({ emb: { metadata: { unknown: 1 } } })),
    step("apply a", one, rich({ tpl: { spec: { b: 1 } } })),
    step("apply a", one, rich({ any: null, nums: null, rules: null, free: null, atom: [], opt: {} })),
    step("apply a", one, rich({ nums: [1.5] })),
    step("apply a", one, rich({ rules: [null] })),
    step("apply a", one, rich({ atom: [null] })),
    step("apply a", one, rich({ nums: [1, 1] })),
    step("apply c", one, rich({ rules: [{ id: 5, sub: [] }], free: {} })),
    step("apply c", one, rich({})),
    step("delete", one),
  ],
};
