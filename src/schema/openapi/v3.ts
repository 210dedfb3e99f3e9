/** OpenAPI v3: an index, and a document for each group version (KEP-2896). */
import { createHash } from "node:crypto";
import { hasType, typeNameOf } from "../scheme.ts";
import { customSchemas } from "./custom.ts";
import { type Content, groupName, type Operation, type Parameter, type PathItem, pathsOf, plainPath, tagOf } from "./operations.ts";
import {
  type Descriptions,
  groupVersionPath,
  noDescriptions,
  type PublishedResource,
  type PublishedSubresource,
  reference,
} from "./published.ts";
import { clientGroupVersions, closureOf, typeSchema } from "./schemas.ts";

type Json = Record<string, unknown>;

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/** The model of a subresource's kind; Status for kinds that are only queries. */
export function subresourceModel(sub: PublishedSubresource): string {
  const typeName = typeNameOf(sub);
  return typeName ?? `${meta}Status`;
}

/** The paths of one group version, in order, its resource list included. */
export function groupVersionPaths(gv: { group: string; version: string }, resources: readonly PublishedResource[]): PathItem[] {
  const custom = resources.some((r) => r.typeName === undefined);
  const items = resources.flatMap((r) =>
    pathsOf(r, (sub) => (r.typeName === undefined && sub.kind === r.kind ? modelOfCustom(r) : subresourceModel(sub))),
  );
  if (!custom) {
    const id = `get${groupName(gv.group)}${gv.version.charAt(0).toUpperCase()}${gv.version.slice(1)}APIResources`;
    items.push(plainPath(`/${groupVersionPath(gv)}/`, tagOf(gv), id, "get available resources", { model: `${meta}APIResourceList` }));
  }
  return items.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function modelOfCustom(r: PublishedResource): string {
  return Object.keys(customSchemas(r, "v3"))[0] as string;
}

/** The document at `/openapi/v3/apis/G/V`. */
export function openApiV3(
  gv: { group: string; version: string },
  resources: readonly PublishedResource[],
  descriptions: Descriptions = noDescriptions,
): Json {
  const custom = resources.some((r) => r.typeName === undefined);
  return document(groupVersionPaths(gv, resources), resources, descriptions, custom ? clientGroupVersions() : [gv]);
}

/** Paths that belong to no resource, by the name of their document in the index. */
export function plainDocumentPaths(groups: readonly string[]): [string, PathItem][] {
  const version = { model: "io.k8s.apimachinery.pkg.version.Info" };
  const available = "get available API versions";
  const issuer = "getServiceAccountIssuerOpenID";
  const issuerDocument = "find out where the issuer of service account tokens publishes its keys";
  const issuerKeys = "get the public keys that verify service account tokens";
  return [
    [
      ".well-known/openid-configuration",
      plainPath("/.well-known/openid-configuration/", "WellKnown", `${issuer}Configuration`, issuerDocument, "text", "json"),
    ],
    ["api", plainPath("/api/", "core", "getCoreAPIVersions", available, { model: `${meta}APIVersions` })],
    ["apis", plainPath("/apis/", "apis", "getAPIVersions", available, { model: `${meta}APIGroupList` })],
    ["openid/v1/jwks", plainPath("/openid/v1/jwks/", "openid", `${issuer}Keyset`, issuerKeys, "text", "keys")],
    ["version", plainPath("/version/", "version", "getCodeVersion", "get the version of the server", version, "json")],
    ...groups.map((group): [string, PathItem] => {
      const tag = tagOf({ group, version: "" }).replace(/_$/, "");
      const id = `get${groupName(group)}APIGroup`;
      return [`apis/${group}`, plainPath(`/apis/${group}/`, tag, id, "get information of a group", { model: `${meta}APIGroup` })];
    }),
  ];
}

/** Documents of paths that belong to no resource: `api`, `apis`, `apis/apps`, `version`. Made when called. */
export function plainDocuments(groups: readonly string[], descriptions: Descriptions = noDescriptions): Map<string, () => Json> {
  return new Map(plainDocumentPaths(groups).map(([name, item]) => [name, () => document([item], [], descriptions, [])]));
}

const securitySchemes = {
  BearerToken: { type: "apiKey", description: "Bearer Token authentication", name: "authorization", in: "header" },
};

function document(
  items: readonly PathItem[],
  resources: readonly PublishedResource[],
  descriptions: Descriptions,
  gvs: readonly { group: string; version: string }[],
): Json {
  const custom = resources.some((r) => r.typeName === undefined);
  const schemas: Json = {};
  for (const r of resources) if (r.typeName === undefined) Object.assign(schemas, customSchemas(r, "v3"));
  const names = new Set<string>();
  for (const item of items)
    for (const operation of item.operations) for (const model of modelsOf(operation)) if (hasType(model)) names.add(model);
  for (const text of Object.values(schemas)) {
    for (const [, name] of JSON.stringify(text).matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      if (hasType(name as string)) names.add(name as string);
  }
  for (const name of closureOf(names)) schemas[name] = typeSchema(name, "v3", descriptions, gvs);
  return {
    openapi: "3.0.0",
    info: custom ? { title: "Kubernetes CRD Swagger", version: "v0.1.0" } : { title: "Kubernetes", version: "1.36" },
    paths: Object.fromEntries(items.map((item) => [item.path, renderPath(item)])),
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))),
      ...(custom ? {} : { securitySchemes }),
    },
  };
}

/** The models that an operation speaks of. */
export function modelsOf(operation: Operation): string[] {
  const models = operation.body === undefined ? [] : [operation.body.model];
  for (const content of Object.values(operation.responses)) if (typeof content === "object") models.push(content.model);
  return models;
}

function renderParameter(p: Parameter): Json {
  return {
    name: p.name,
    in: p.in,
    description: p.description,
    ...(p.required ? { required: true } : {}),
    schema: { type: p.type, uniqueItems: true },
  };
}

const builtinTypes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const watchTypes = [...builtinTypes, "application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];

/** The media types an operation answers with. */
export function producedTypes(operation: Operation, custom: boolean): readonly string[] {
  switch (operation.produces) {
    case "any":
      return ["*/*"];
    case "json":
      return ["application/json"];
    case "keys":
      return ["application/jwk-set+json"];
    case "text":
      return ["text/plain", ...builtinTypes];
    case "watch":
      return watchTypes;
    default:
      return custom ? ["application/json", "application/yaml"] : builtinTypes;
  }
}

/** The media types of a patch. */
export function patchTypes(custom: boolean): readonly string[] {
  const types = ["application/json-patch+json", "application/merge-patch+json"];
  return [...types, ...(custom ? [] : ["application/strategic-merge-patch+json"]), "application/apply-patch+yaml"];
}

function contentOf(content: Exclude<Content, undefined>, types: readonly string[]): Json {
  const schema = content === "text" ? { type: "string" } : { $ref: reference("v3", content.model) };
  return Object.fromEntries([...types].sort().map((type) => [type, { schema }]));
}

const statusTexts: Record<string, string> = { "200": "OK", "201": "Created", "202": "Accepted", "401": "Unauthorized" };

function renderOperation(operation: Operation, item: PathItem): Json {
  const { body, kind } = operation;
  const types = producedTypes(operation, item.custom);
  const bodyTypes = body?.patch ? patchTypes(item.custom) : item.custom ? ["application/json", "application/yaml"] : ["*/*"];
  return {
    tags: [item.tag],
    description: operation.description,
    operationId: operation.operationId,
    ...(operation.parameters.length === 0 ? {} : { parameters: operation.parameters.map(renderParameter) }),
    ...(body === undefined ? {} : { requestBody: { content: contentOf(body, bodyTypes), ...(body.required ? { required: true } : {}) } }),
    responses: Object.fromEntries(
      Object.entries(operation.responses).map(([code, content]) => [
        code,
        { description: statusTexts[code], ...(content === undefined ? {} : { content: contentOf(content, types) }) },
      ]),
    ),
    ...(operation.action === undefined ? {} : { "x-kubernetes-action": operation.action }),
    ...(kind === undefined ? {} : { "x-kubernetes-group-version-kind": { group: kind.group, version: kind.version, kind: kind.kind } }),
  };
}

function renderPath(item: PathItem): Json {
  const result: Json = {};
  for (const operation of item.operations) result[operation.method] = renderOperation(operation, item);
  if (item.parameters.length > 0) result["parameters"] = item.parameters.map(renderParameter);
  return result;
}

/** The hash that the index and the ETag carry. */
export function documentHash(bytes: string | Uint8Array): string {
  return createHash("sha512").update(bytes).digest("hex").toUpperCase();
}

/** The index at `/openapi/v3`: where each document is, with its hash, by which it may be cached for ever. */
export function openApiV3Index(hashes: Readonly<Record<string, string>>): Json {
  const paths = Object.keys(hashes).sort();
  return { paths: Object.fromEntries(paths.map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hashes[path]}` }])) };
}
