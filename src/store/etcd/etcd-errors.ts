/** etcd's errors as the store's. */
import { GrpcError } from "../../host/grpc.ts";
import { StoreError } from "../store.ts";

/** gRPC's own failures are shown with their code, as upstream shows them; etcd's by their text alone. */
export function etcdError(error: unknown): unknown {
  if (!(error instanceof GrpcError)) return error;
  const { details } = error;
  if (details.includes("required revision has been compacted")) return new StoreError("compacted", details, { cause: error });
  if (details.includes("required revision is a future revision")) return new StoreError("future", details, { cause: error });
  if (error.code === 4) return new StoreError("remote", "context deadline exceeded", { cause: error });
  return new StoreError("remote", details.startsWith("etcdserver: ") ? details : error.message, { cause: error });
}

const unavailable = 14;

/** Nothing left this process, or etcd says that it has not begun: the request can be made again whatever it is. */
function neverBegun(error: GrpcError): boolean {
  return /^(No connection established|Name resolution failed|etcdserver: no leader|etcdserver: not healthy)/.test(error.details);
}

/** Whether to ask again, of another member. `repeatable`: asking twice does no harm. */
export function mayRetry(error: unknown, repeatable: boolean): boolean {
  if (!(error instanceof GrpcError)) return false;
  if (error.details === "etcdserver: too many requests") return true;
  return error.code === unavailable && (repeatable || neverBegun(error));
}
