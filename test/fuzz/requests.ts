/** Requests that no honest client sends: paths, queries, headers and bodies drawn from what the server serves. */
import { readdirSync, readFileSync } from "node:fs";
import { dump } from "js-yaml";
import type { ResourceDefinition } from "../../src/apiserver/resource.ts";
import { encodeProtobuf } from "../../src/schema/protobuf.ts";
import { typeNameOf } from "../../src/schema/scheme.ts";
import type { KindFixture } from "../fixtures/kinds/fixture.ts";
import { mutateBytes, mutateText, mutateTree } from "./mutations.ts";
import type { Chance } from "./random.ts";

export interface FuzzRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
}

type Json = Record<string, unknown>;

/** Good objects by `group/resource`. */
export function goodObjects(): ReadonlyMap<string, readonly Json[]> {
  const directory = new URL("../fixtures/kinds/", import.meta.url);
  const found = new Map<string, Json[]>();
  for (const file of readdirSync(directory)) {
    if (!file.endsWith(".json")) continue;
    const fixture = JSON.parse(readFileSync(new URL(file, directory), "utf8")) as KindFixture;
    const objects = fixture.cases.flatMap((c) => (c.object === undefined ? [] : [c.object as Json]));
    found.set(`${fixture.group}/${fixture.resource}`, objects);
  }
  return found;
}

const methods = [
  "GET",
  "GET",
  "GET",
  "POST",
  "POST",
  "POST",
  "POST",
  "POST",
  "POST",
  "PUT",
  "PUT",
  "PUT",
  "PUT",
  "PATCH",
  "PATCH",
  "PATCH",
  "PATCH",
  "PATCH",
  "PATCH",
  "DELETE",
  "DELETE",
];
const oddMethods = ["HEAD", "OPTIONS", "TRACE", "get", "FOO"];
const usual = ["a", "b", "c"];
const names = [
  "a",
  "b",
  "c",
  "default",
  "kube-system",
  "..",
  ".",
  "%2e%2e",
  "A_B",
  "a%2Fb",
  "a b",
  "%00",
  "x".repeat(260),
  "é",
  "%",
  "%zz",
];
const namespaces = ["kube-system", "nowhere", "", "..", "%20"];
const plainPaths = [
  "/",
  "/api",
  "/apis",
  "/api/v1",
  "/apis/apps",
  "/apis/apps/v1",
  "/openapi/v2",
  "/openapi/v3",
  "/openapi/v3/apis/apps/v1",
  "/version",

  "/healthz",
  "/livez",
  "/readyz",
  "/readyz/etcd",
  "/metrics",
  "/apis/nothing/v1/things",
  "/api/v2/pods",
  "//api//v1",
  "/api/v1/watch/pods",

  "/api/v1/watch/namespaces/default/pods/a",
  "/api/v1/proxy/nodes/a",
  "/%2e%2e/api",
  "/api/v1/namespaces/default/pods/a/proxy/../x",
  "/apis//v1",
  "/openid/v1/jwks",
  "/.well-known/openid-configuration",
  "/debug/pprof/",
  "/configz",
  "/flagz",
  "/statusz",
  "/logs/",
];

const queries: Readonly<Record<string, readonly string[]>> = {
  limit: ["0", "1", "-1", "x", "9".repeat(30), "1e3"],
  continue: ["", "x", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0", "AAAA", "%ff"],
  resourceVersion: ["0", "1", "-1", "x", "99999999999", "18446744073709551615", "9".repeat(40)],
  resourceVersionMatch: ["Exact", "NotOlderThan", "exact", ""],
  fieldSelector: [
    "metadata.name=a",
    "spec.nodeName=",
    "status.phase!=Running",
    "a=b",
    "metadata.name",
    "=",
    "a==b,c",
    "metadata.name=\\",
    ",",
    "x=y=z",
  ],
  labelSelector: ["a=b", "a in (b,c)", "!a", "a notin ()", "a>1", "a in", "((((", "é=1", ",", "a=b,,c", "a in (b", "x".repeat(400)],
  timeoutSeconds: ["0", "-1", "x", "1"],
  timeout: ["1s", "x", "-1s", "1e9h", "0"],
  watch: ["true", "false", "1", "x"],
  allowWatchBookmarks: ["true", "x"],
  sendInitialEvents: ["true", "false", "x"],
  dryRun: ["All", "None", "", "All,All"],
  fieldManager: ["me", "", "x".repeat(200), "%00", "é"],
  fieldValidation: ["Strict", "Warn", "Ignore", "x"],
  force: ["true", "false", "x"],
  pretty: ["true", "x"],
  gracePeriodSeconds: ["0", "-1", "x", "9".repeat(25)],
  propagationPolicy: ["Orphan", "Background", "Foreground", "x"],
  orphanDependents: ["true", "x"],
  container: ["c", "", "é"],
  follow: ["true", "x"],
  tailLines: ["-1", "x", "1"],
  command: ["", "sh"],
  ports: ["0", "99999", "x"],
  path: ["..", "/x"],
  unknown: ["1"],
};

const accepts = [
  "application/json",
  "application/vnd.kubernetes.protobuf",
  "application/yaml",
  "*/*",
  "",
  "text/html",
  "application/cbor",
  "a/b;q=x",
  ";;;",

  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "application/json;as=x;v=v9;g=y",

  "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json",
  "application/json;stream=watch",
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  "application/com.github.proto-openapi.spec.v3@v1.0+protobuf",
];
const contentTypes = [
  "application/json",
  "application/json; charset=utf-8",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "text/plain",
  "",
  ";",
  "a/b",
  "application/cbor",
  "multipart/form-data",
];
const patchTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
  "application/apply-patch+cbor",
  "application/json-patch",
  "application/json",
];
const otherHeaders: Readonly<Record<string, readonly string[]>> = {
  "accept-encoding": ["gzip", "br", "gzip;q=0", "x"],
  "impersonate-user": ["me", "system:masters", "", "é"],
  "impersonate-group": ["system:masters", ""],
  "impersonate-extra-a%2fb": ["x"],
  authorization: ["Bearer x", "Basic eDp5", "Bearer ", "Bearer a.b.c"],
  "if-none-match": ['"x"', "*"],
  "user-agent": ["", "x".repeat(2000), "a/b"],
  "kubectl-command": ["x"],
  "x-remote-user": ["root"],
  "audit-id": ["x".repeat(500), "a b"],
  traceparent: ["00-x-y-z", "garbage"],
};

export interface Generator {
  next(): FuzzRequest;
}

export function generator(
  chance: Chance,
  definitions: readonly ResourceDefinition[],
  good: ReadonlyMap<string, readonly Json[]>,
): Generator {
  const known = definitions.filter((d) => !d.namespaced || d.verbs.length > 0);
  return {
    next: () => {
      if (chance.often(0.06))
        return {
          method: chance.pick(methods),
          path: withQuery(chance, odd(chance, chance.pick(plainPaths))),
          headers: headers(chance, "GET"),
        };
      const definition = chance.pick(known);
      const version = chance.pick(definition.versions);
      const method = chance.often(0.03) ? chance.pick(oddMethods) : chance.pick(methods);
      const objects = good.get(`${definition.group}/${definition.resource}`) ?? [];
      const path = withQuery(chance, odd(chance, pathOf(chance, definition, version.version, method)));
      const given = headers(chance, method);
      return {
        method,
        path,
        headers: given,
        body: bodyOf(chance, { definition, version: version.version, method, objects, contentType: given["content-type"] ?? "" }),
      };
    },
  };
}

function pathOf(chance: Chance, definition: ResourceDefinition, version: string, method: string): string {
  const root = definition.group === "" ? `/api/${version}` : `/apis/${definition.group}/${version}`;
  const namespace =
    definition.namespaced && !chance.often(0.05) ? `/namespaces/${chance.often(0.9) ? "default" : chance.pick(namespaces)}` : "";
  let path = `${root}${namespace}/${definition.resource}`;
  const named = method === "POST" ? chance.often(0.1) : method === "GET" ? chance.often(0.5) : !chance.often(0.04);
  if (!named) return path;
  path += `/${chance.often(0.85) ? chance.pick(usual) : chance.pick(names)}`;
  const subresources = Object.keys(definition.subresources);
  if (subresources.length > 0 && chance.often(0.35)) path += `/${chance.pick(subresources)}`;
  else if (chance.often(0.03)) path += `/${chance.pick(names)}`;
  return path;
}

function odd(chance: Chance, path: string): string {
  return chance.often(0.03)
    ? mutateText(chance, path)
        .replaceAll("\u0000", "")
        .replace(/[\s#?]/g, "") || "/"
    : path;
}

function withQuery(chance: Chance, path: string): string {
  if (chance.often(0.65)) return path;
  const parts: string[] = [];
  for (let n = 1 + chance.below(3); n > 0; n--) {
    const name = chance.pick(Object.keys(queries));
    const value = chance.pick(queries[name] as readonly string[]);
    parts.push(`${name}=${chance.often(0.1) ? value : encodeURIComponent(value)}`);
  }
  return `${path}?${parts.join("&")}`;
}

function headers(chance: Chance, method: string): Record<string, string> {
  const found: Record<string, string> = {};
  if (chance.often(0.25)) found["accept"] = chance.pick(accepts);
  if (method === "PATCH") found["content-type"] = chance.pick(patchTypes);
  else if (method !== "GET") found["content-type"] = chance.often(0.8) ? "application/json" : chance.pick(contentTypes);
  if (chance.often(0.1)) {
    const name = chance.pick(Object.keys(otherHeaders));
    found[name] = chance.pick(otherHeaders[name] as readonly string[]);
  }
  return found;
}

interface Wanted {
  readonly definition: ResourceDefinition;
  readonly version: string;
  readonly method: string;
  readonly objects: readonly Json[];
  readonly contentType: string;
}

const deleteOptions: readonly Json[] = [
  {
    kind: "DeleteOptions",
    apiVersion: "v1",
    gracePeriodSeconds: 0,
    preconditions: { uid: "x", resourceVersion: "1" },
    propagationPolicy: "Foreground",
  },
  { propagationPolicy: "Orphan", orphanDependents: true, dryRun: ["All"] },
];
const scale: Json = { kind: "Scale", apiVersion: "autoscaling/v1", metadata: { name: "a" }, spec: { replicas: 3 } };

function bodyOf(chance: Chance, wanted: Wanted): Uint8Array | undefined {
  const { definition, version, method, objects, contentType } = wanted;
  if (method === "GET" || method === "HEAD" || chance.often(0.03)) return undefined;
  const apiVersion = definition.group === "" ? version : `${definition.group}/${version}`;
  const base: Json = objects.length > 0 ? chance.pick(objects) : { metadata: { name: "a" }, spec: {} };
  // Named so that later requests find it.
  const metadata: Json = { ...(base["metadata"] as Json | undefined), name: chance.pick(usual) };
  if (metadata["namespace"] !== undefined) metadata["namespace"] = "default";
  let object: unknown = { apiVersion, kind: definition.kind, ...base, metadata };
  if (method === "DELETE") object = chance.pick(deleteOptions);
  else if (chance.often(0.05)) object = scale;
  if (contentType === "application/json-patch+json" || contentType === "application/json-patch") object = jsonPatch(chance, object);
  if (!chance.often(0.35)) object = mutateTree(chance, object);
  if (chance.often(0.01)) return Buffer.alloc(4 * 1024 * 1024, "a");
  if (contentType.includes("protobuf")) return protobuf(chance, apiVersion, definition, object);
  if (chance.often(0.01)) return Buffer.from(chance.pick(['{"a":', "[", "- ", "{a: "]).repeat(chance.pick([5000, 100_000])));
  const yaml = contentType.includes("yaml");
  let text = (yaml ? yamlOf(object) : JSON.stringify(object)) ?? "null";
  if (chance.often(0.1)) text = mutateText(chance, text);
  return chance.often(0.05) ? mutateBytes(chance, Buffer.from(text)) : Buffer.from(text);
}

function yamlOf(object: unknown): string {
  try {
    return dump(object);
  } catch {
    // Too deep, or of a kind that YAML has no words for: JSON is YAML too.
    return JSON.stringify(object);
  }
}

function jsonPatch(chance: Chance, object: unknown): unknown {
  const paths = [
    "/metadata/labels/a",
    "/spec",
    "/spec/replicas",
    "/metadata/name",
    "/-",
    "",
    "/~2",
    "/spec/containers/0/image",
    "/spec/containers/-",
    "/a/b/c",
    "x",
  ];
  const operations = ["add", "remove", "replace", "move", "copy", "test", "x"];
  return Array.from({ length: 1 + chance.below(5) }, () => ({
    op: chance.pick(operations),
    path: chance.pick(paths),
    from: chance.pick(paths),
    ...(chance.often(0.7) ? { value: chance.often(0.5) ? object : chance.below(10) } : {}),
  }));
}

function protobuf(chance: Chance, apiVersion: string, definition: ResourceDefinition, object: unknown): Uint8Array {
  const [group, version] = apiVersion.includes("/") ? (apiVersion.split("/") as [string, string]) : ["", apiVersion];
  const gvk = { group, version, kind: definition.kind };
  const typeName = typeNameOf(gvk);
  try {
    if (typeName === undefined) throw new Error("no type");
    return mutateBytes(chance, encodeProtobuf(typeName, gvk, object as object));
  } catch {
    // What the mutated tree says cannot be written in protobuf: bytes that are none then.
    return mutateBytes(chance, Buffer.from(`k8s\0${JSON.stringify(object)}`));
  }
}
