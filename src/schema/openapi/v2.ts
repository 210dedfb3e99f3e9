/** OpenAPI v2 (Swagger): everything in one document. Old clients, and those that read definitions of custom resources. */
import { hasType } from "../scheme.ts";
import { customSchemas } from "./custom.ts";
import type { Content, Operation, Parameter, PathItem } from "./operations.ts";
import { type Descriptions, noDescriptions, type PublishedResource, reference } from "./published.ts";
import { closureOf, tableGroupVersions, typeSchema } from "./schemas.ts";
import { groupVersionPaths, modelsOf, patchTypes, plainDocumentPaths, producedTypes } from "./v3.ts";

type Json = Record<string, unknown>;

export interface SwaggerDocument {
  swagger: "2.0";
  info: { title: string; version: string };
  paths: Record<string, Json>;
  definitions: Record<string, Json>;
  securityDefinitions: Record<string, Json>;
  security: Record<string, string[]>[];
}

/** The document at `/openapi/v2`. */
export function openApiV2(resources: readonly PublishedResource[], descriptions: Descriptions = noDescriptions): SwaggerDocument {
  const groups = new Map<string, PublishedResource[]>();
  for (const r of resources) {
    const key = `${r.group}/${r.version}`;
    const list = groups.get(key);
    if (list === undefined) groups.set(key, [r]);
    else list.push(r);
  }
  const items = [...groups.values()].flatMap((list) => groupVersionPaths(list[0] as PublishedResource, list));
  const builtinGroups = new Set(resources.filter((r) => r.typeName !== undefined && r.group !== "").map((r) => r.group));
  items.push(...plainDocumentPaths([...builtinGroups]).map(([, item]) => item));
  items.sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version: "1.36" },
    paths: Object.fromEntries(items.map((item) => [item.path, renderPath(item)])),
    definitions: definitionsOf(items, resources, descriptions),
    securityDefinitions: {
      BearerToken: { description: "Bearer Token authentication", type: "apiKey", name: "authorization", in: "header" },
    },
    security: [{ BearerToken: [] }],
  };
}

function definitionsOf(
  items: readonly PathItem[],
  resources: readonly PublishedResource[],
  descriptions: Descriptions,
): Record<string, Json> {
  const definitions: Record<string, Json> = {};
  const names = new Set<string>();
  for (const item of items)
    for (const operation of item.operations) for (const model of modelsOf(operation)) if (hasType(model)) names.add(model);
  for (const r of resources) if (r.typeName === undefined) Object.assign(definitions, customSchemas(r, "v2"));
  const groupVersions = tableGroupVersions();
  for (const name of closureOf(names)) definitions[name] = typeSchema(name, "v2", descriptions, groupVersions);
  return Object.fromEntries(Object.entries(definitions).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function renderParameter(p: Parameter): Json {
  return { uniqueItems: true, type: p.type, description: p.description, name: p.name, in: p.in, ...(p.required ? { required: true } : {}) };
}

function schemaOf(content: Exclude<Content, undefined>): Json {
  return content === "text" ? { type: "string" } : { $ref: reference("v2", content.model) };
}

const statusTexts: Record<string, string> = { "200": "OK", "201": "Created", "202": "Accepted", "401": "Unauthorized" };

/** None for the documents of service account keys. */
function consumedTypes(operation: Operation, item: PathItem): readonly string[] | undefined {
  if (operation.action === undefined && operation.responses["200"] === "text") return undefined;
  if (operation.body?.patch) return patchTypes(item.custom);
  if (operation.action === undefined) return producedTypes(operation, false);
  return item.custom ? ["application/json", "application/yaml"] : ["*/*"];
}

function renderOperation(operation: Operation, item: PathItem): Json {
  const { body, kind } = operation;
  const parameters = operation.parameters.map(renderParameter);
  if (body !== undefined) {
    parameters.unshift({ name: "body", in: "body", ...(body.required ? { required: true } : {}), schema: schemaOf(body) });
  }
  const produces = producedTypes(operation, item.custom);
  const consumes = consumedTypes(operation, item);
  return {
    description: operation.description,
    ...(consumes === undefined ? {} : { consumes }),
    produces,
    schemes: ["https"],
    tags: [item.tag],
    operationId: operation.operationId,
    ...(parameters.length === 0 ? {} : { parameters }),
    responses: Object.fromEntries(
      Object.entries(operation.responses).map(([code, content]) => [
        code,
        { description: statusTexts[code], ...(content === undefined ? {} : { schema: schemaOf(content) }) },
      ]),
    ),
    ...(operation.action === undefined ? {} : { "x-kubernetes-action": operation.action }),
    ...(kind === undefined ? {} : { "x-kubernetes-group-version-kind": { group: kind.group, kind: kind.kind, version: kind.version } }),
  };
}

function renderPath(item: PathItem): Json {
  const result: Json = {};
  for (const operation of item.operations) result[operation.method] = renderOperation(operation, item);
  if (item.parameters.length > 0) result["parameters"] = item.parameters.map(renderParameter);
  return result;
}
