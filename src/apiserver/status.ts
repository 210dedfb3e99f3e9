/** Errors and successes as metav1.Status. */
import { type ApiError, internalError, isApiError, type StatusDetails } from "../core/api-error.ts";
import type { Logger } from "../core/log.ts";
import type { KubeObject } from "../schema/object.ts";
import { StoreError } from "../store/store.ts";
import { storeApiError } from "./storage/store-errors.ts";

/** Whatever was thrown, as an answer. What was not meant to be thrown is logged and becomes a 500. */
export function toApiError(error: unknown, log: Logger): ApiError {
  if (isApiError(error)) return error;
  if (error instanceof StoreError) return storeApiError(error);
  log.error("request failed", { error, stack: error instanceof Error ? error.stack : undefined });
  return internalError(error instanceof Error ? error.message : String(error));
}

/** The Status of an error. A list whose continue token has expired tells how to go on. */
export function failureStatus(error: ApiError): KubeObject {
  const status = error.toStatus();
  const { listContinue } = error as { listContinue?: string };
  if (listContinue !== undefined) status.metadata["continue"] = listContinue;
  return status as unknown as KubeObject;
}

export interface SuccessStatus extends KubeObject {
  status: "Success";
  details: StatusDetails;
}

/** What a delete answers when the object is gone. */
export function successStatus(details: StatusDetails): SuccessStatus {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}
