/** The one place where a store's error becomes an answer. */
import { ApiError, expired, internalError, serviceUnavailable, timeout } from "../../core/api-error.ts";
import { StoreError } from "../../store/store.ts";

export function storeApiError(error: StoreError): ApiError {
  switch (error.code) {
    case "compacted":
      return expired("The resourceVersion for the provided list is too old.");
    case "closed":
      return serviceUnavailable("the server is shutting down");
    case "disk-full":
      return serviceUnavailable(error.message);
    case "remote":
      // Shown as upstream shows etcd's errors: no reason, the text alone.
      return error.message === "context deadline exceeded"
        ? timeout("request did not complete within the allotted timeout", 0)
        : new ApiError(500, "", error.message);
    default:
      return internalError(error.message);
  }
}

/** The store has forgotten the revision that was asked for. */
export function isCompacted(error: unknown): boolean {
  return error instanceof StoreError && error.code === "compacted";
}
