/** Custom resources with validation rules: definitions that are taken or refused, and what their rules say of writes. */
import type { Sequence, Step } from "../apply/sequences.ts";
import type { JSONSchemaProps, ValidationRule } from "../../src/schema/types/apiextensions-v1.ts";

const group = "rules.example.com";
const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

function definition(plural: string, kind: string, schema: JSONSchemaProps, more: object = {}): object {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural, kind, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema }, ...more }],
    },
  };
}

type Rule = string | ValidationRule;

const ruled = (schema: JSONSchemaProps, ...rules: Rule[]): JSONSchemaProps => ({
  ...schema,
  "x-kubernetes-validations": rules.map((rule) => (typeof rule === "string" ? { rule } : rule)),
});
const object = (properties: Record<string, JSONSchemaProps>, more: JSONSchemaProps = {}): JSONSchemaProps => ({
  type: "object",
  properties,
  ...more,
});
const list = (items: JSONSchemaProps, more: JSONSchemaProps = {}): JSONSchemaProps => ({ type: "array", items, ...more });
const map = (values: JSONSchemaProps, more: JSONSchemaProps = {}): JSONSchemaProps => ({
  type: "object",
  additionalProperties: values,
  ...more,
});
const string: JSONSchemaProps = { type: "string" };
const integer: JSONSchemaProps = { type: "integer" };

/** A definition that nobody keeps. */
function trial(spec: JSONSchemaProps, more: object = {}): Step {
  return { method: "POST", path: `${crds}?dryRun=All`, body: definition("trials", "Trial", object({ spec }), more) };
}

const trials: Sequence = {
  title: "expressions of definitions are compiled, and their costs estimated",
  steps: [
    trial(ruled(object({ a: string }), "self.b == 'x'")),
    trial(ruled(object({ a: string }), "self.a")),
    trial(ruled(object({ a: integer }), "self.a + 'x' == 1", "self.a > 1")),
    trial(ruled(object({ a: string }), "self.a.matches('(')")),
    trial(ruled(object({ a: string }), "has(self.a) && self.a.find('(') == ''")),
    trial(ruled(object({ a: integer }), "self.a > int('x')")),
    trial(ruled(object({ a: string }), "true && nope")),
    trial(ruled(object({ a: string }), { rule: "self.a == 'x'", messageExpression: "1 + 1" })),
    trial(ruled(object({ a: string }), { rule: "self.a == 'x'", messageExpression: "self.c" })),
    trial(ruled(object({ a: string }), { rule: "self.a == 'x'", messageExpression: "'a is ' + self.a" })),
    trial(ruled(object({ a: string }), { rule: "self.a == 'x'", optionalOldSelf: true })),
    trial(ruled(object({ a: string }), { rule: "self.a == 'x'", optionalOldSelf: false })),
    trial(ruled(object({ a: string }), { rule: "!oldSelf.hasValue() || self.a == oldSelf.value().a", optionalOldSelf: true })),
    trial(ruled(object({ a: string }), { rule: "oldSelf.hasValue()" })),
    trial(object({ l: list(ruled(object({ a: string }), "oldSelf.a == self.a")) })),
    trial(
      object({
        l: list(ruled(object({ k: string }, { required: ["k"] }), "oldSelf.k == self.k"), {
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["k"],
        }),
      }),
    ),
    trial(object({ l: list(ruled(string, "oldSelf == self"), { "x-kubernetes-list-type": "set" }) })),
    trial(object({ m: map(ruled(string, "self == oldSelf"), { "x-kubernetes-map-type": "atomic" }) })),
    trial(ruled(object({ l: list(string) }), "self.l.all(x, self.l.all(y, x == y))")),
    trial(ruled(object({ l: list(string, { maxItems: 10 }) }), "self.l.all(x, self.l.all(y, x == y))")),
    trial(ruled(object({ l: list({ type: "string", maxLength: 10 }, { maxItems: 10 }) }), "self.l.all(x, self.l.all(y, x == y))")),
    trial(ruled(object({ l: list({ type: "string", maxLength: 150 }, { maxItems: 300 }) }), "self.l.all(x, self.l.all(y, x == y))")),
    trial(object({ l: list(ruled(string, "self.contains('x')")) })),
    trial(object({ l: list(ruled(string, "self.contains('x')"), { maxItems: 20 }) })),
    trial(object({ l: list(list(ruled(string, "self.startsWith('abc')"))) })),
    trial(object({ m: map(map(ruled(integer, "self > 3"))) })),
    trial(object({ m: map(ruled(object({ a: string }), "self.a.matches('^x+$')"), { maxProperties: 1000 }) })),
    trial(
      ruled(object({ l: list(string) }), ...Array.from({ length: 12 }, (_, i) => `self.l.all(x, x != '${i}${"abcdefghij".repeat(3)}')`)),
    ),
    trial(ruled(object({ l: list(string) }), { rule: "true", messageExpression: "self.l.map(x, x + x).join(',')" })),
    trial(ruled(object({ a: { type: "string", default: "no" } }), "self.a == 'yes'")),
    trial(object({ a: ruled({ type: "string", default: "no" }, "self == 'yes'") })),
    trial(object({ a: ruled({ type: "string", default: "no" }, "self == oldSelf") })),
    trial(object({ a: ruled({ type: "string", default: "no" }, { rule: "oldSelf.hasValue()", optionalOldSelf: true }) })),
    trial(ruled({ type: "object", "x-kubernetes-preserve-unknown-fields": true }, "has(self.x)")),
    trial(object({ p: ruled({ "x-kubernetes-preserve-unknown-fields": true }, "self == oldSelf") })),
    trial(object({ i: ruled({ "x-kubernetes-int-or-string": true }, "type(self) == int ? self > 3 : self.endsWith('%')") })),
    trial(ruled(object({ "a-b": string, namespace: string }), "self.a__dash__b == self.__namespace__")),
    trial(ruled(object({ namespace: string }), "self.namespace == 'x'")),
    trial(
      object({
        e: ruled(
          { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
          "self.metadata.name == 'x' && self.kind == 'Pod'",
        ),
      }),
    ),
    trial(
      object({
        e: ruled(
          { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
          "self.spec.x == 1",
        ),
      }),
    ),
    trial(ruled(object({ a: string }), { rule: "self.a == 'x'", reason: "FieldValueRequired", fieldPath: ".a" })),
    trial(ruled(object({ a: string }), { rule: "self.a == 'x'", fieldPath: ".b" })),
    trial(ruled(object({ a: string }), { rule: "self.a == 'x'", fieldPath: "a" })),
    trial(ruled(object({ a: string }), { rule: "  ", message: "x" }, { rule: "true", message: " " }, { rule: "true", message: "a\nb" })),
    trial(ruled(object({ a: string }), { rule: "true &&\ntrue" }, { rule: "true &&\nnope", message: "m" })),
    trial(
      ruled(
        object({ d: { type: "string", format: "duration" }, t: { type: "string", format: "date-time" } }),
        "self.t + self.d > self.t",
        "self.d == 's'",
      ),
    ),
    trial(
      ruled(
        object({ q: string }),
        "quantity(self.q).isGreaterThan(quantity('1Gi'))",
        "isQuantity(self.q)",
        "ip(self.q).family() == 4",
        "cidr(self.q).containsIP('10.0.0.1')",
        "url(self.q).getHost() == ''",
        "semver(self.q).major() == 1",
        "format.dns1123Label().validate(self.q).hasValue()",
      ),
    ),
    trial(
      ruled(
        object({ l: list(string) }),
        "self.l.sort() == self.l",
        "self.l.distinct().size() == self.l.size()",
        "sets.contains(self.l, ['a'])",
      ),
    ),
    {
      method: "POST",
      path: `${crds}?dryRun=All`,
      body: definition(
        "trials",
        "Trial",
        ruled(
          object({ spec: object({}) }),
          "self.metadata.name.startsWith('x')",
          "self.metadata.labels.x == ''",
          "self.kind == 'Trial' && self.apiVersion != ''",
        ),
      ),
    },
    {
      method: "POST",
      path: `${crds}?dryRun=All`,
      body: definition("trials", "Trial", object({ metadata: ruled(object({ name: string }), "self.name == 'x'") })),
    },
    trial(object({ a: { ...string, allOf: [{ "x-kubernetes-validations": [{ rule: "self == 'x'" }] }] } })),
    trial(object({ a: { type: "string", allOf: [{ not: { pattern: "x" } }] } })),
  ],
};

const path = `/apis/${group}/v1/namespaces/NS`;

interface Named {
  readonly plural: string;
  readonly kind: string;
}

const things: Named = { plural: "things", kind: "Thing" };

const body = (name: string, more: object, of: Named = things): object => ({
  apiVersion: `${group}/v1`,
  kind: of.kind,
  metadata: { name },
  ...more,
});
const create = (name: string, spec: unknown, of: Named = things): Step => ({
  method: "POST",
  path: `${path}/${of.plural}`,
  body: body(name, { spec }, of),
});
const merge = (name: string, change: object, of: Named = things, sub = ""): Step => ({
  method: "PATCH",
  path: `${path}/${of.plural}/${name}${sub}`,
  headers: { "content-type": "application/merge-patch+json" },
  body: change,
});

const item = ruled(object({ k: string, v: integer }, { required: ["k"] }), "!has(self.v) || self.v < 100", {
  rule: "self.v >= oldSelf.v",
  message: "v must not shrink",
});

const thingSchema = ruled(
  object({
    spec: ruled(
      object({
        a: ruled({ type: "string", maxLength: 30 }, { rule: "self != 'bad'", message: " a must not be bad " }),
        b: ruled(integer, { rule: "self != 13", messageExpression: "'no ' + (self > 3 ? 'thirteen' : 'other')" }),
        min: integer,
        max: integer,
        once: ruled(string, { rule: "self == oldSelf", message: "once is for ever" }),
        opt: ruled(string, { rule: "oldSelf.hasValue() || self == 'first'", optionalOldSelf: true }),
        l: list(item, { maxItems: 10, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"] }),
        atoms: list(ruled(string, "self != 'no'"), { maxItems: 10 }),
        m: map(ruled(integer, "self % 2 == 0"), { maxProperties: 10 }),
        ios: ruled({ "x-kubernetes-int-or-string": true }, "self < 10"),
        div: ruled(integer, "100 / self > 1"),
        idx: ruled(list(integer, { maxItems: 5 }), "self[3] > 1"),
        dup: ruled(integer, { rule: "self == 1", reason: "FieldValueDuplicate" }),
        req: ruled(object({ x: string }), { rule: "has(self.x)", reason: "FieldValueRequired", fieldPath: ".x", message: "x it must be" }),
        forb: ruled(object({ x: string }), { rule: "!has(self.x)", reason: "FieldValueForbidden", fieldPath: ".x" }),
        dupo: ruled(object({ x: string }), { rule: "!has(self.x)", reason: "FieldValueDuplicate" }),
        msg: ruled(string, {
          rule: "self == 'x'",
          messageExpression: "self == 'nl' ? 'a\\nb' : self == 'empty' ? '  ' : self.substring(9)",
        }),
        big: ruled(list(integer, { maxItems: 1000 }), "self.all(x, self.exists(y, y == x + 1))"),
        nul: ruled({ type: "string", nullable: true }, "self.size() > 2"),
        e: ruled(
          { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
          "self.metadata.name.startsWith('in')",
        ),
      }),
      { rule: "!has(self.min) || !has(self.max) || self.min <= self.max", message: "min over max", fieldPath: ".min" },
      "!has(self.a) || self.a != 'worse'",
    ),
    status: ruled(object({ ready: integer, old: string }), "!has(self.ready) || self.ready >= 0"),
  }),
  { rule: "self.metadata.name.size() < 20", message: "name too long" },
  { rule: "!has(self.spec.min) || !has(self.status) || self.status.ready <= self.spec.min", message: "too ready" },
);

const writes: Sequence = {
  title: "rules are asked on create and update",
  definition: definition(things.plural, things.kind, thingSchema, { subresources: { status: {} } }),
  steps: [
    create("ok", { a: "x", min: 1, max: 2, l: [{ k: "a", v: 1 }], m: { x: 2 }, ios: 3 }),
    create("a-name-that-is-much-too-long", {}),
    create("bad", { a: "bad" }),
    create("bad", { a: "worse", b: 13 }),
    create("bad", { min: 3, max: 2 }),
    create("once", { once: "1", opt: "first" }),
    create("opt", { opt: "second" }),
    create("bad", { l: [{ k: "a", v: 100 }, { k: "b" }] }),
    create("bad", { atoms: ["yes", "no"], m: { x: 1, y: 2 } }),
    create("bad", { ios: "text" }),
    create("bad", { div: 0 }),
    create("bad", { idx: [1, 2] }),
    create("bad", { dup: 2 }),
    create("bad", { req: {} }),
    create("bad", { forb: { x: "1" } }),
    create("bad", { dupo: { x: "1" } }),
    create("bad", { msg: "nl" }),
    create("bad", { msg: "empty" }),
    create("bad", { msg: "short" }),
    create("bad", { msg: "0123456789" }),
    create("bad", { nul: null }),
    create("bad", { nul: "x" }),
    create("bad", { e: { apiVersion: "v1", kind: "Pod", metadata: { name: "out" } } }),
    create("bad", { e: { apiVersion: "v1", kind: "Pod", metadata: { name: "inside" } } }),
    create("bad2", { big: Array.from({ length: 900 }, (_, i) => i) }),
    create("bad", { a: 1, b: 13 }),
    create("bad", { a: "x".repeat(31), b: 13 }),
    merge("once", { spec: { once: "2" } }),
    merge("once", { spec: { opt: "any" } }),
    merge("ok", {
      spec: {
        l: [
          { k: "a", v: 0 },
          { k: "new", v: 5 },
        ],
      },
    }),
    merge("ok", {
      spec: {
        l: [
          { k: "new", v: 5 },
          { k: "a", v: 3 },
        ],
      },
    }),
    merge("ok", { spec: { max: 0 } }),
    merge("ok", { spec: { a: "bad" } }),
    merge("ok", { status: { ready: 1 } }, things, "/status"),
    merge("ok", { status: { ready: -1 } }, things, "/status"),
    merge("ok", { status: { ready: 5 } }, things, "/status"),
    merge("ok", { spec: { min: 0 } }),
    merge("ok", { metadata: { labels: { a: "b" } } }),
  ],
};

const loose = object({
  spec: object({ a: string, b: integer, l: list(object({ k: string, v: string })), o: object({ x: string, y: string }) }),
  status: object({ s: string, t: string }),
});
const strict = object({
  spec: object({
    a: ruled({ type: "string", maxLength: 3 }, { rule: "self == 'ok'", message: "a must be ok" }),
    b: { type: "integer", maximum: 5 },
    l: list(
      ruled(object({ k: string, v: ruled({ type: "string", maxLength: 10 }, "self == 'v'") }), { rule: "self.k == 'k'", message: "k!" }),
      {
        maxItems: 5,
      },
    ),
    o: ruled(object({ x: ruled(string, "self == 'x'"), y: string }), { rule: "self.x == self.y", message: "x is y" }),
  }),
  status: object({ s: ruled(string, "self == 's'"), t: string }),
});

const olds: Named = { plural: "olds", kind: "Old" };

/** The schema becomes stricter after objects are there. */
const ratcheting: Sequence = {
  title: "what did not change is not held against the object",
  definition: definition(olds.plural, olds.kind, loose, { subresources: { status: {} } }),
  steps: [
    create("old", { a: "longer", b: 9, l: [{ k: "z", v: "z" }], o: { x: "q", y: "r" } }, olds),
    merge("old", { status: { s: "wrong", t: "1" } }, olds, "/status"),
    {
      method: "PATCH",
      path: `${crds}/${olds.plural}.${group}`,
      headers: { "content-type": "application/merge-patch+json" },
      body: {
        spec: {
          versions: [{ name: "v1", served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: strict } }],
        },
      },
    },
    { method: "WAIT", path: `${path}/${olds.plural}`, body: body("probe", { spec: { a: "bad" } }, olds) },
    merge("old", { metadata: { labels: { x: "1" } } }, olds),
    merge("old", { spec: { b: 8 } }, olds),
    merge("old", { spec: { b: 3 } }, olds),
    merge("old", { spec: { a: "more" } }, olds),
    merge("old", { spec: { a: "ok" } }, olds),
    merge("old", { spec: { o: { y: "s" } } }, olds),
    merge("old", { spec: { o: { x: "x" } } }, olds),
    merge(
      "old",
      {
        spec: {
          l: [
            { k: "z", v: "z" },
            { k: "k", v: "v" },
          ],
        },
      },
      olds,
    ),
    merge("old", { status: { t: "2" } }, olds, "/status"),
    merge("old", { status: { s: "other" } }, olds, "/status"),
    merge("old", { status: { s: "s" } }, olds, "/status"),
  ],
};

export const sequences: readonly Sequence[] = [trials, writes, ratcheting];
