/** Values for what a base object does not hold: as little as a type needs to be itself. */
import { type FieldRow, type Shape, typeRow } from "../../src/schema/scheme.ts";

const byType: Readonly<Record<string, unknown>> = {
  "io.k8s.api.core.v1.Container": { name: "sample", image: "app" },
  "io.k8s.api.core.v1.EphemeralContainer": { name: "sample", image: "app", terminationMessagePolicy: "File" },
  "io.k8s.api.core.v1.Volume": { name: "sample", emptyDir: {} },
  "io.k8s.api.core.v1.PodTemplateSpec": { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "main", image: "app" }] } },
  "io.k8s.api.core.v1.PersistentVolumeClaimSpec": { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector": { matchLabels: { app: "web" } },
  "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement": { key: "app", operator: "Exists" },
  "io.k8s.apimachinery.pkg.apis.meta.v1.Condition": {
    type: "Ready",
    status: "True",
    reason: "Sample",
    message: "",
    lastTransitionTime: "2020-01-01T00:00:00Z",
  },
  "io.k8s.api.core.v1.NodeSelectorRequirement": { key: "zone", operator: "In", values: ["a"] },
};

const bySpecial: Readonly<Record<string, unknown>> = {
  Quantity: "1",
  Time: "2020-01-01T00:00:00Z",
  MicroTime: "2020-01-01T00:00:00.000000Z",
  IntOrString: 1,
  RawExtension: {},
  FieldsV1: {},
  JSON: {},
  JSONSchemaPropsOrArray: { type: "string" },
  JSONSchemaPropsOrBool: true,
  JSONSchemaPropsOrStringArray: ["a"],
};

export function sample(shape: Shape, row?: FieldRow): unknown {
  switch (shape.kind) {
    case "string":
      return row?.enum?.[0] ?? "sample";
    case "bool":
      return true;
    case "bytes":
      return "aGk=";
    case "any":
      return {};
    case "list":
      return [sample(shape.item, row)];
    case "map":
      return { sample: sample(shape.value, row) };
    case "message":
      return sampleOfType(shape.type);
    default:
      return 1;
  }
}

function sampleOfType(type: string): unknown {
  const known = byType[type];
  if (known !== undefined) return structuredClone(known);
  const row = typeRow(type);
  if (row.special !== undefined) return structuredClone(bySpecial[row.special]);
  const object: Record<string, unknown> = {};
  for (const name of row.required) {
    const field = row.byName.get(name);
    if (field !== undefined) object[name] = sample(field.shape, field);
  }
  return object;
}
