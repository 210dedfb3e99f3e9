/** The options of a CONNECT (PodExecOptions, ServiceProxyOptions, …) as the query gives them: what admission sees as the object. */
import type { GroupVersionKind, UnstructuredObject } from "../../schema/object.ts";
import { apiVersionOf } from "../../schema/resource-ref.ts";
import { type FieldRow, typeNameOf, typeRow } from "../../schema/scheme.ts";
import type { ApiRequest } from "../request.ts";

/** Undefined when the table has no such kind. `trailing`: what follows the subresource in the path, which proxies take as `path`. */
export function connectOptions(kind: GroupVersionKind, { query, info }: ApiRequest): UnstructuredObject | undefined {
  const typeName = typeNameOf(kind);
  if (typeName === undefined) return undefined;
  const options: UnstructuredObject = { kind: kind.kind, apiVersion: apiVersionOf(kind) };
  for (const row of typeRow(typeName).fields) {
    const value = row.name === "path" && info.trailing !== "" ? info.trailing : queryValue(query, row);
    if (value !== undefined) options[row.name] = value;
  }
  return options;
}

function queryValue(query: URLSearchParams, { name, shape }: FieldRow): unknown {
  const values = query.getAll(name);
  const [first] = values;
  if (first === undefined) return undefined;
  if (shape.kind === "list") {
    const numbers = shape.item.kind === "int32" || shape.item.kind === "int64";
    return numbers ? values.flatMap((value) => value.split(",")).map(Number) : values;
  }
  if (shape.kind === "bool") return first !== "false" && first !== "0" ? true : undefined;
  if (shape.kind === "int32" || shape.kind === "int64") return Number(first);
  return first === "" ? undefined : first;
}
