import { forgetImpersonation, Impersonator, wantsImpersonation } from "../../auth/impersonation.ts";
import { ImpersonationMetrics } from "../../auth/impersonation-metrics.ts";
import type { Authorizer } from "../../auth/authorizer.ts";
import type { ServerState } from "../server-state.ts";
import { attributesOf } from "./authorization.ts";
import type { RequestState } from "./request-state.ts";

/** Made when somebody first asks for it: most servers never see an impersonation. */
const impersonators = new WeakMap<ServerState, Impersonator>();

function impersonatorOf(server: ServerState): Impersonator {
  let known = impersonators.get(server);
  if (known === undefined) {
    const { clock, metrics, constrainedImpersonation } = server.options;
    known = new Impersonator({ clock, metrics: new ImpersonationMetrics(metrics), constrained: constrainedImpersonation });
    impersonators.set(server, known);
  }
  return known;
}

/** `Impersonate-User` and its like: the request goes on as someone else, if its sender may be them. */
export function impersonate({ server, request }: RequestState): Promise<undefined> | undefined {
  if (request.impersonates === false || !wantsImpersonation(request.headers)) return undefined;
  const authorizer = server.options.authorizer ?? everything;
  const constrained = (right: string): void => {
    if (request.audit !== undefined) request.audit.impersonationConstraint = right;
  };
  return impersonatorOf(server)
    .impersonate(request.headers, attributesOf(request), authorizer, { constrained })
    .then((user) => {
      request.user = user;
      forgetImpersonation(request.headers as Record<string, string | string[] | undefined>);
      return undefined;
    });
}

const everything: Authorizer = { authorize: () => ({ decision: "allow", reason: "" }) };
