/** Roles and bindings: nobody hands out what they do not hold (`auth/rbac/escalation.ts`). */
import type { Strategy, WriteContext } from "../apiserver/resource.ts";
import { jsonEqual } from "../apiserver/json-equal.ts";
import { checkBindingEscalation, checkRoleEscalation, missingRights, type EscalationChecks } from "../auth/rbac/escalation.ts";
import type { UserInfo } from "../auth/user.ts";
import { forbidden, hasReason, notFound } from "../core/api-error.ts";
import type { UnstructuredObject } from "../schema/object.ts";
import type { ClusterRole, RoleBinding } from "../schema/types/rbac-v1.ts";
import type { ResourceDeps } from "./deps.ts";
import type { Special } from "./special.ts";

const group = "rbac.authorization.k8s.io";
const everything = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
];

type Check = (
  checks: EscalationChecks,
  context: WriteContext,
  user: UserInfo,
  object: UnstructuredObject,
  old: UnstructuredObject | undefined,
) => Promise<void>;

function guarded(deps: ResourceDeps, check: Check): Special {
  const run = async (context: WriteContext, object: UnstructuredObject, old: UnstructuredObject | undefined): Promise<undefined> => {
    const checks = deps.escalation?.();
    const { user } = context.request;
    if (checks === undefined || user === undefined || (old !== undefined && onlyCollectorFields(object, old))) return undefined;
    await check(checks, context, user, object, old);
    return undefined;
  };
  return {
    strategy: (base): Strategy => ({
      ...base,
      beginCreate: (context, object) => run(context, object, undefined),
      beginUpdate: (context, object, old) => run(context, object, old),
    }),
  };
}

/** Only what the garbage collector changes: it must be able to delete what it could not grant. */
export function onlyCollectorFields(object: UnstructuredObject, old: UnstructuredObject): boolean {
  const strip = ({ metadata, ...rest }: UnstructuredObject): unknown => {
    const {
      ownerReferences: _owners,
      finalizers: _finalizers,
      managedFields: _managed,
      resourceVersion: _version,
      ...meta
    } = metadata ?? {};
    return { ...rest, metadata: meta };
  };
  return jsonEqual(strip(object), strip(old));
}

export function roleSpecial(deps: ResourceDeps, resource: "roles" | "clusterroles"): Special {
  return guarded(deps, async (checks, context, user, object, old) => {
    const role = object as unknown as ClusterRole;
    const name = role.metadata?.name ?? "";
    const requestName = old === undefined ? "" : name;
    await checkRoleEscalation(checks, user, { resource, namespace: context.namespace, name, requestName, rules: role.rules ?? [] });
    const aggregates = (r: ClusterRole | undefined): boolean => (r?.aggregationRule?.clusterRoleSelectors ?? []).length > 0;
    if (!aggregates(role) && !aggregates(old as unknown as ClusterRole | undefined)) return;
    if (user.groups.includes("system:masters") || (await mayEscalate(checks, user, resource, requestName))) return;
    if (missingRights(checks.rbac, user, "", everything) !== undefined)
      throw forbidden({ group, resource }, name, "must have cluster-admin privileges to use the aggregationRule");
  });
}

async function mayEscalate(checks: EscalationChecks, user: UserInfo, resource: string, name: string): Promise<boolean> {
  const attributes = {
    user,
    verb: "escalate",
    resourceRequest: true,
    path: "",
    group,
    version: "*",
    resource,
    subresource: "",
    namespace: "",
    name,
  };
  return (await checks.authorizer.authorize(attributes)).decision === "allow";
}

export function bindingSpecial(deps: ResourceDeps, resource: "rolebindings" | "clusterrolebindings"): Special {
  return guarded(deps, async (checks, context, user, object) => {
    const binding = object as unknown as RoleBinding;
    const name = binding.metadata?.name ?? "";
    try {
      await checkBindingEscalation(checks, user, { resource, namespace: context.namespace, name, roleRef: binding.roleRef });
    } catch (error) {
      // Upstream's 404 names the resource that the request is about.
      if (hasReason(error, "NotFound")) throw notFound({ group, resource }, binding.roleRef.name);
      throw error;
    }
  });
}
