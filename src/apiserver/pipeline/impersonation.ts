import { impersonate as impersonateUser, wantsImpersonation } from "../../auth/impersonation.ts";
import type { Authorizer } from "../../auth/authorizer.ts";
import { attributesOf } from "./authorization.ts";
import type { RequestState } from "./request-state.ts";

/** `Impersonate-User` and its like: the request goes on as someone else, if its sender may be them. */
export function impersonate({ server, request }: RequestState): Promise<undefined> | undefined {
  if (request.impersonates === false || !wantsImpersonation(request.headers)) return undefined;
  const authorizer = server.options.authorizer ?? everything;
  const constrained = (right: string): void => {
    if (request.audit !== undefined) request.audit.impersonationConstraint = right;
  };
  return impersonateUser(request.headers, attributesOf(request), authorizer, constrained).then((user) => {
    request.user = user;
    return undefined;
  });
}

const everything: Authorizer = { authorize: () => ({ decision: "allow", reason: "" }) };
