/** The one place where a store's error becomes an answer. */
import { type ApiError, expired, internalError, serviceUnavailable } from "../../core/api-error.ts";
import { StoreError } from "../../store/store.ts";

export function storeApiError(error: StoreError): ApiError {
  switch (error.code) {
    case "compacted":
      return expired("The resourceVersion for the provided list is too old.");
    case "closed":
      return serviceUnavailable("the server is shutting down");
    case "disk-full":
      return serviceUnavailable(error.message);
    default:
      return internalError(error.message);
  }
}

export function isStoreError(error: unknown): error is StoreError {
  return error instanceof StoreError;
}
