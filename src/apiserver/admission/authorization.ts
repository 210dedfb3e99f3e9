/** Answers what expressions ask the authorizer. */
import type { Authorizer } from "../../auth/authorizer.ts";
import type { AuthorizationAnswer, AuthorizationRequest } from "../../lang/cel/index.ts";

/** Undefined: everything is allowed. */
export function authorizationAnswers(
  authorizer: Authorizer | undefined,
): (request: AuthorizationRequest) => AuthorizationAnswer | Promise<AuthorizationAnswer> {
  if (authorizer === undefined) return () => ({ allowed: true, reason: "", error: undefined });
  return (request) => {
    const { user, verb } = request;
    const common = { user, verb, version: "*" };
    const nowhere = { group: "", version: "", resource: "", subresource: "", namespace: "", name: "" };
    const verdict = authorizer.authorize(
      "path" in request
        ? { ...common, ...nowhere, resourceRequest: false, path: request.path }
        : { ...common, ...request, resourceRequest: true, path: "" },
    );
    return verdict instanceof Promise ? verdict.then(answerOf) : answerOf(verdict);
  };
}

function answerOf({ decision, reason, error }: Awaited<ReturnType<Authorizer["authorize"]>>): AuthorizationAnswer {
  return { allowed: decision === "allow", reason, error: error?.message };
}
