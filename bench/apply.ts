/**
 * What managed fields cost on a write to a typical deployment, in microseconds of one core, by the number of managers.
 *
 * usage: node bench/apply.ts
 */
import { typeAtom } from "../src/schema/apply/atom.ts";
import { fieldManager, type FieldManager, withManagedFields } from "../src/schema/apply/field-manager.ts";
import { excludeFields } from "../src/schema/apply/filter.ts";
import { decodeJson, normalize } from "../src/schema/codec.ts";
import { deepFreeze, mutable, type UnstructuredObject } from "../src/schema/object.ts";

const typeName = "io.k8s.api.apps.v1.Deployment";
const apiVersion = "apps/v1";
const atom = typeAtom(typeName);

function manager(subresource?: string): FieldManager {
  const filters = { [apiVersion]: excludeFields([subresource === undefined ? "status" : "spec"]) };
  const type = { atom: (version: string) => (version === apiVersion ? atom : undefined), convert: (o: object) => o, filters };
  const empty = normalize<UnstructuredObject>(typeName, { apiVersion, kind: "Deployment" });
  return fieldManager({ type, apiVersion, kind: "Deployment", subresource, empty, now: () => 1e12 });
}

const container = (name: string): object => ({
  name,
  image: "registry.example.com/app:1",
  env: Array.from({ length: 8 }, (_, i) => ({ name: `ENV_${i}`, value: String(i) })),
  ports: [{ containerPort: 80, name: "http" }],
  resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { memory: "128Mi" } },
});
const config = {
  apiVersion,
  kind: "Deployment",
  metadata: { name: "app", namespace: "default", labels: { app: "app", tier: "web" } },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: "app" } },
    template: { metadata: { labels: { app: "app" } }, spec: { containers: [container("app"), container("sidecar")] } },
  },
};

/** The object after each of `count` managers labelled it, as a cache holds it: frozen. */
function withManagers(count: number): UnstructuredObject {
  const main = manager();
  let { object } = decodeJson(JSON.stringify(config), typeName, "Ignore");
  object = withManagedFields(object, main.update(normalize(typeName, { apiVersion, kind: "Deployment" }), object, "m0"));
  object = { ...object, metadata: { ...object.metadata, uid: "u" } };
  for (let i = 1; i < count; i++) object = labelled(object, `l${i}`, String(i), `m${i}`, main);
  return deepFreeze(object);
}

function labelled(object: UnstructuredObject, key: string, value: string, who: string, by: FieldManager): UnstructuredObject {
  const next = { ...object, metadata: { ...object.metadata, labels: { ...object.metadata?.labels, [key]: value } } };
  return withManagedFields(next, by.update(object, next, who));
}

/** The best of several rounds: what the code costs when nothing else runs. */
function measure(name: string, run: () => unknown): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 6; round++) {
    const times = 2000;
    const start = process.cpuUsage();
    for (let i = 0; i < times; i++) run();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / times);
  }
  console.log(`${name.padEnd(52)} ${best.toFixed(1).padStart(7)} µs`);
}

const [main, status] = [manager(), manager("status")];
const empty = normalize<UnstructuredObject>(typeName, { apiVersion, kind: "Deployment" });
const fresh = withManagedFields(withManagers(1), undefined);
measure("create", () => main.update(empty, fresh, "m0"));
for (const count of [1, 3, 10]) {
  const live = withManagers(count);
  const copy = mutable(live);
  const changed = { ...live, status: { replicas: 2, observedGeneration: 1, conditions: [{ type: "Available", status: "True" }] } };
  measure(`update that changes nothing, ${count} managers`, () => main.update(live, copy, "m0"));
  measure(`status patch (shared spec), ${count} managers`, () => status.update(live, changed, "controller"));
  let flip = 0;
  measure(`label patch, ${count} managers`, () => labelled(live, "flip", String(flip++ % 2), "m0", main));
  measure(`first apply, ${count} managers`, () => main.apply(live, config as UnstructuredObject, "m0", true));
  const applied = deepFreeze(main.apply(live, config as UnstructuredObject, "m0", true));
  measure(`apply that changes nothing, ${count} managers`, () => main.apply(applied, config as UnstructuredObject, "m0", true));
}
