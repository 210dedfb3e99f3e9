/** A custom resource with a conversion webhook, asked at both its versions; run here and on the upstream server. */
import type { Answered, Asked } from "./webhook-server.ts";
import type { Step } from "./scenario.ts";

type Tree = Record<string, unknown>;

/** v1 has `hostPort`, v2 has `host` and `port`. */
function converted(object: Tree, apiVersion: string): Tree {
  const { hostPort, host, port, ...rest } = object;
  if (apiVersion.endsWith("/v2")) {
    const [h = "", p = ""] = String((hostPort as string | undefined) ?? "").split(":");
    return { ...rest, apiVersion, host: h, port: p };
  }
  return { ...rest, apiVersion, hostPort: `${String(host)}:${String(port)}` };
}

type Alter = (objects: Tree[]) => Tree[];

const converter =
  (alter: Alter = (objects) => objects, result: Tree = { status: "Success" }) =>
  ({ objects, desiredAPIVersion }: Asked): Answered => ({
    convertedObjects: alter((objects as Tree[]).map((object) => converted(object, desiredAPIVersion as string))),
    result,
  });

const meta =
  (change: (metadata: Tree) => Tree): Alter =>
  (objects) =>
    objects.map((object) => ({ ...object, metadata: change(object["metadata"] as Tree) }));

export const conversionHooks: Readonly<Record<string, (request: Asked) => Answered>> = {
  "/convert": converter(),
  "/convert-labels": converter(meta((m) => ({ ...m, labels: { converted: "yes" }, finalizers: ["not/heeded"] }))),
  "/convert-name": converter(meta((m) => ({ ...m, name: "other" }))),
  "/convert-uid": converter(meta((m) => ({ ...m, uid: "other" }))),
  "/convert-bad-label": converter(meta((m) => ({ ...m, labels: { "not a label!": "x" } }))),
  "/convert-label-type": converter(meta((m) => ({ ...m, labels: { a: 1 } }))),
  "/convert-no-meta": converter((objects) => objects.map((object) => ({ ...object, metadata: undefined }))),
  "/convert-kind": converter((objects) => objects.map((object) => ({ ...object, kind: "Other" }))),
  "/convert-version": converter((objects) => objects.map((object) => ({ ...object, apiVersion: "v1" }))),
  "/convert-none": converter(() => []),
  "/convert-fails": converter(undefined, { status: "Failure", message: "cannot do that" }),
  "/convert-fails-silently": converter(undefined, { status: "Failure" }),
  "/convert-other-uid": (request) => ({ ...converter()(request), uid: "nobody" }),
  "/convert-500": () => ({ raw: "broken", status_code: 500 }),
};

const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const objects = (version: string): string => `/apis/NS.example.com/${version}/namespaces/NS/things`;

function definition(path: string): Tree {
  const version = (name: string, storage: boolean, fields: string[]): Tree => ({
    name,
    served: true,
    storage,
    schema: { openAPIV3Schema: { type: "object", properties: Object.fromEntries(fields.map((field) => [field, { type: "string" }])) } },
    selectableFields: fields.map((field) => ({ jsonPath: `.${field}` })),
    additionalPrinterColumns: fields.map((field) => ({ name: field, type: "string", jsonPath: `.${field}` })),
  });
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "things.NS.example.com" },
    spec: {
      group: "NS.example.com",
      scope: "Namespaced",
      names: { plural: "things", singular: "thing", kind: "Thing", listKind: "ThingList" },
      versions: [version("v1", true, ["hostPort"]), version("v2", false, ["host", "port"])],
      conversion: {
        strategy: "Webhook",
        webhook: { conversionReviewVersions: ["v1", "v1beta1"], clientConfig: `HOOK:${path}` },
      },
    },
  };
}

const thing = (version: string, name: string, fields: Tree): Tree => ({
  apiVersion: `NS.example.com/${version}`,
  kind: "Thing",
  metadata: { name, labels: { app: name } },
  ...fields,
});

const merge = "application/merge-patch+json";

const use = (path: string): Step => ({
  name: `use ${path}`,
  method: "PATCH",
  url: `${crds}/things.NS.example.com`,
  body: { spec: { conversion: { webhook: { clientConfig: `HOOK:${path}` } } } },
  contentType: merge,
  brief: true,
});

export const conversionSteps: readonly Step[] = [
  { name: "define", method: "POST", url: crds, body: definition("/convert"), brief: true },
  { name: "create at v1", method: "POST", url: objects("v1"), body: thing("v1", "one", { hostPort: "a:1" }) },
  { name: "get at v2", method: "GET", url: `${objects("v2")}/one` },
  { name: "create at v2", method: "POST", url: objects("v2"), body: thing("v2", "two", { host: "b", port: "2" }) },
  { name: "get at v1", method: "GET", url: `${objects("v1")}/two` },
  { name: "list at v2", method: "GET", url: objects("v2") },
  { name: "select by host", method: "GET", url: `${objects("v2")}?fieldSelector=host%3Db,port%3D2` },
  { name: "select by hostPort", method: "GET", url: `${objects("v1")}?fieldSelector=hostPort%3Da:1` },
  { name: "select by what v2 does not have", method: "GET", url: `${objects("v2")}?fieldSelector=hostPort%3Da:1` },
  { name: "patch at v2", method: "PATCH", url: `${objects("v2")}/one`, body: { port: "11" }, contentType: merge },
  { name: "the patch seen at v1", method: "GET", url: `${objects("v1")}/one` },
  { name: "dry run at v2", method: "PATCH", url: `${objects("v2")}/one?dryRun=All`, body: { port: "12" }, contentType: merge },
  {
    name: "apply at v2",
    method: "PATCH",
    url: `${objects("v2")}/one?fieldManager=applier&force=true`,
    body: thing("v2", "one", { host: "c" }),
    contentType: "application/apply-patch+yaml",
  },
  {
    name: "apply at v1",
    method: "PATCH",
    url: `${objects("v1")}/one?fieldManager=other&force=true`,
    body: thing("v1", "one", { hostPort: "d:4" }),
    contentType: "application/apply-patch+yaml",
  },
  { name: "delete at v2", method: "DELETE", url: `${objects("v2")}/two` },
  ...Object.keys(conversionHooks)
    .slice(1)
    .flatMap((path) => [
      use(path),
      {
        name: `${path}: create`,
        method: "POST",
        url: objects("v2"),
        body: thing("v2", `x${path.replace("/", "-")}`, { host: "h", port: "9" }),
      },
      { name: `${path}: patch at v2`, method: "PATCH", url: `${objects("v2")}/one`, body: { port: "77" }, contentType: merge },
    ]),
  use("/convert"),
  { name: "delete all", method: "DELETE", url: objects("v1"), brief: true },
  { name: "undefine", method: "DELETE", url: `${crds}/things.NS.example.com`, brief: true },
];
