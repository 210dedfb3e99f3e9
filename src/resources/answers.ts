/** Reading the body of a subresource that is an object of its own, and answering it. */
import type { ApiRequest, ApiResponse } from "../apiserver/request.ts";
import { decodeBody } from "../apiserver/verbs/body.ts";
import { parseWriteOptions } from "../apiserver/verbs/options.ts";
import type { KubeObject, UnstructuredObject } from "../schema/object.ts";
import { apiVersionOf } from "../schema/resource-ref.ts";

export interface SubresourceBody {
  readonly object: UnstructuredObject;
  readonly dryRun: boolean;
}

const maxBody = 3 * 1024 * 1024;

/** The body of a create of `type`, and whether it is a dry run. Throws as the generic create does. */
export async function requestBody(
  request: ApiRequest,
  type: { readonly group: string; readonly version: string; readonly kind: string; readonly typeName: string },
): Promise<SubresourceBody> {
  const options = parseWriteOptions(request.query, "CreateOptions");
  const bodyType = { kind: type.kind, apiVersion: apiVersionOf(type), typeName: type.typeName };
  return { object: await decodeBody(request, bodyType, options.fieldValidation, maxBody), dryRun: options.dryRun };
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
