/** Reading the body of a subresource that is an object of its own, and answering it. */
import type { ApiRequest, ApiResponse } from "../apiserver/request.ts";
import { ApiError, badRequest } from "../core/api-error.ts";
import { decodeJson, decodeProtobuf } from "../schema/codec.ts";
import { mutable, type KubeObject, type UnstructuredObject } from "../schema/object.ts";
import { parseYaml } from "../lang/yaml.ts";

/** The request's body as a mutable object of `typeName`; an empty body is an empty object. */
export function requestObject(request: ApiRequest, typeName: string): UnstructuredObject {
  if (request.object !== undefined) return mutable(request.object) as UnstructuredObject;
  const body = request.body;
  if (body === undefined || body.length === 0) return {};
  const type = contentType(request);
  if (type === "application/vnd.kubernetes.protobuf") return decodeProtobuf(body).object;
  if (type === "application/yaml")
    return decodeJson(JSON.stringify(parseYaml(Buffer.from(body).toString("utf8"))), typeName, "Ignore").object;
  if (type === "application/json" || type === "") return decodeJson(body, typeName, "Ignore").object;
  throw new ApiError(
    415,
    "UnsupportedMediaType",
    "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
  );
}

function contentType(request: ApiRequest): string {
  const header = request.headers["content-type"];
  const text = Array.isArray(header) ? (header[0] ?? "") : (header ?? "");
  return text.split(";")[0]?.trim().toLowerCase() ?? "";
}

export function answer(status: number, object: KubeObject): ApiResponse {
  return { status, headers: {}, object };
}

/** 201 with `Status` Success, as upstream answers binding and eviction. */
export function created(): ApiResponse {
  const status: KubeObject & { status: string; code: number } = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    code: 201,
  };
  return answer(201, status);
}

/** Whether the request asks for a dry run. 400 for any value but `All`. */
export function isDryRun(request: ApiRequest): boolean {
  const values = request.query.getAll("dryRun");
  if (values.some((v) => v !== "All")) throw badRequest(`Invalid value: ${JSON.stringify(values)}: dryRun must be "All"`);
  return values.length > 0;
}
