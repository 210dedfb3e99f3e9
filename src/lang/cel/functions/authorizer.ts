import { nameIsDnsLabel, nameIsDnsSubdomain } from "../../../core/names.ts";
import {
  AUTHORIZER,
  type AuthorizationDecision,
  AuthorizerValue,
  DECISION,
  GROUP_CHECK,
  GroupCheck,
  PATH_CHECK,
  PathCheck,
  RESOURCE_CHECK,
  type ResourceAttributes,
  ResourceCheck,
} from "../authorizer.ts";
import { CelError } from "../errors.ts";
import { type FunctionTable, method } from "../function.ts";
import { BOOL, STRING } from "../types.ts";

function path(authorizer: AuthorizerValue, text: string): PathCheck {
  if (text.trim() === "") throw new CelError("path must not be empty");
  return new PathCheck(authorizer, text);
}

function resource({ authorizer, group }: GroupCheck, name: string): ResourceCheck {
  if (name.trim() === "") throw new CelError("resource must not be empty");
  const rest = { subresource: "", namespace: "", name: "", fieldSelector: "", labelSelector: "" };
  return new ResourceCheck(authorizer, { group, resource: name, ...rest });
}

/** Checks go on as that service account would ask. */
function serviceAccount(authorizer: AuthorizerValue, namespace: string, name: string): AuthorizerValue {
  if (nameIsDnsSubdomain(name, false).length > 0) throw new CelError("Invalid service account name");
  if (nameIsDnsLabel(namespace, false).length > 0) throw new CelError("Invalid service account namespace");
  const user = {
    name: `system:serviceaccount:${namespace}:${name}`,
    uid: "",
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`],
    extra: {},
  };
  return new AuthorizerValue(user, authorizer.answers);
}

const narrow = (id: string, field: keyof ResourceAttributes): FunctionTable[string] => [
  method(id, [RESOURCE_CHECK, STRING], RESOURCE_CHECK, (check: ResourceCheck, value: string) => check.with({ [field]: value })),
];

/** Kubernetes' authorizer library. What is not decided yet is thrown as a Need. */
export const AUTHORIZER_FUNCTIONS: FunctionTable = {
  path: [method("authorizer_path", [AUTHORIZER, STRING], PATH_CHECK, path)],
  group: [
    method(
      "authorizer_group",
      [AUTHORIZER, STRING],
      GROUP_CHECK,
      (authorizer: AuthorizerValue, group: string) => new GroupCheck(authorizer, group),
    ),
  ],
  serviceAccount: [method("authorizer_serviceaccount", [AUTHORIZER, STRING, STRING], AUTHORIZER, serviceAccount)],
  resource: [method("groupcheck_resource", [GROUP_CHECK, STRING], RESOURCE_CHECK, resource)],
  subresource: narrow("resourcecheck_subresource", "subresource"),
  namespace: narrow("resourcecheck_namespace", "namespace"),
  name: narrow("resourcecheck_name", "name"),
  fieldSelector: narrow("authorizer_fieldselector", "fieldSelector"),
  labelSelector: narrow("authorizer_labelselector", "labelSelector"),
  check: [
    method("pathcheck_check", [PATH_CHECK, STRING], DECISION, ({ authorizer, path: asked }: PathCheck, verb: string) =>
      authorizer.ask({ user: authorizer.user, verb, path: asked }),
    ),
    method("resourcecheck_check", [RESOURCE_CHECK, STRING], DECISION, ({ authorizer, attributes }: ResourceCheck, verb: string) =>
      authorizer.ask({ user: authorizer.user, verb, ...attributes }),
    ),
  ],
  allowed: [method("decision_allowed", [DECISION], BOOL, (decision: AuthorizationDecision) => decision.answer.allowed)],
  reason: [method("decision_reason", [DECISION], STRING, (decision: AuthorizationDecision) => decision.answer.reason)],
  error: [method("decision_error", [DECISION], STRING, (decision: AuthorizationDecision) => decision.answer.error ?? "")],
  errored: [method("decision_errored", [DECISION], BOOL, (decision: AuthorizationDecision) => decision.answer.error !== undefined)],
};
