import { isLongRunning } from "../request-info.ts";
import { attributesOf } from "./authorization.ts";
import type { RequestState } from "./request-state.ts";

/** Begins the audit event of a request whose sender is known. */
export function beginAudit(state: RequestState): Promise<undefined> | undefined {
  const { server, request } = state;
  state.authenticated = true;
  const { audit } = server.options;
  if (audit === undefined) return undefined;
  state.longRunning = isLongRunning(request.info);
  state.attributes = attributesOf(request);
  const record = audit.begin(request, state.attributes, state.received);
  if (!(record instanceof Promise)) {
    state.audit = record;
    return undefined;
  }
  return record.then((r) => void (state.audit = r)) as Promise<undefined>;
}
