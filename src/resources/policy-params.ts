/**
 * Who writes a policy, or binds one, makes the server read parameters: only what the writer may read too
 * (`registry/admissionregistration/*_/authz.go`).
 */
import type { Finish, Strategy, WriteContext } from "../apiserver/resource.ts";
import type { Attributes } from "../auth/authorizer.ts";
import { mastersGroup } from "../auth/names.ts";
import type { UserInfo } from "../auth/user.ts";
import { semanticEqual } from "../kinds/semantic-equal.ts";
import { FieldPath, forbiddenField, invalid } from "../schema/field-error.ts";
import type { UnstructuredObject } from "../schema/object.ts";
import { resourceRows } from "../schema/scheme.ts";
import type { ParamKind, ParamRef } from "../schema/types/admissionregistration-v1.ts";
import type { CustomResourceDefinition } from "../schema/types/apiextensions-v1.ts";
import type { ResourceDeps } from "./deps.ts";
import type { Special } from "./special.ts";

const group = "admissionregistration.k8s.io";

type Check = (context: WriteContext, object: UnstructuredObject, old: UnstructuredObject | undefined) => Promise<string | undefined>;

/** Of a policy: its paramKind. */
export function policyParams(deps: ResourceDeps): Special {
  return checked(deps, "paramKind", async ({ request }, { spec }, old) => {
    const { paramKind } = (spec ?? {}) as { paramKind?: ParamKind };
    if (paramKind === undefined) return undefined;
    const before = (old?.["spec"] as { paramKind?: ParamKind } | undefined)?.paramKind;
    if (before !== undefined && semanticEqual(before, paramKind)) return undefined;
    const user = request.user as UserInfo;
    const asked = { ...(await resourceOf(deps, paramKind)), verb: "get", namespace: "*", name: "*" };
    const failure = await refused(deps, user, asked);
    if (failure === undefined || failure !== "") return failure;
    const about = `(kind=${paramKind.kind ?? ""}, apiVersion=${paramKind.apiVersion ?? ""})`;
    return `user ${shown(user)} must have "get" permission on all objects of the referenced paramKind ${about}`;
  });
}

/** Of a binding: the objects that its paramRef means. `policies`: the resource of its policy. */
export function bindingParams(deps: ResourceDeps, policies: string): Special {
  return checked(deps, "paramRef", async ({ request }, { spec }) => {
    const { paramRef, policyName = "" } = (spec ?? {}) as { paramRef?: ParamRef; policyName?: string };
    if (paramRef === undefined) return undefined;
    const policy = await deps.objects(group, policies).get("", policyName);
    const { paramKind } = (policy?.["spec"] ?? {}) as { paramKind?: ParamKind };
    const user = request.user as UserInfo;
    const verb = paramRef.name ? "get" : "list";
    const resource = await resourceOf(deps, paramKind);
    const asked = { ...resource, verb, namespace: paramRef.namespace ?? "", name: paramRef.name ?? "" };
    const failure = await refused(deps, user, asked);
    if (failure === undefined) return undefined;
    if (failure !== "") return `failed to authorize request: ${failure}`;
    const may = `user ${shown(user)} does not have "${verb}" permission`;
    const widely = `to determine minimum required permissions and ${may} for all groups, versions and resources`;
    if (policy === undefined) return `unable to get policy ${policyName} ${widely}`;
    if (paramKind !== undefined && resource.resource === "*")
      return `unable to resolve paramKind &{${paramKind.apiVersion ?? ""} ${paramKind.kind ?? ""}} ${widely}`;
    return `${may} on the object referenced by paramRef`;
  });
}

function checked(deps: ResourceDeps, field: string, check: Check): Special {
  return {
    strategy: (base, kind) => {
      const run = async (context: WriteContext, object: UnstructuredObject, old?: UnstructuredObject): Promise<void> => {
        if (deps.authorizer === undefined || context.request.user?.groups.includes(mastersGroup) === true) return;
        const why = await check(context, object, old);
        if (why === undefined) return;
        const error = forbiddenField(new FieldPath("spec").child(field), why);
        throw invalid({ group, kind: kind?.ref.kind ?? "" }, context.name, [error]);
      };
      const strategy: Strategy = {
        ...base,
        beginCreate: async (context, object): Promise<Finish | undefined> => {
          await run(context, object);
          return base.beginCreate?.(context, object);
        },
        beginUpdate: async (context, object, old): Promise<Finish | undefined> => {
          await run(context, object, old);
          return base.beginUpdate?.(context, object, old);
        },
      };
      return strategy;
    },
  };
}

/** Undefined: allowed; empty: not; otherwise what went wrong. */
async function refused(
  deps: ResourceDeps,
  user: UserInfo,
  asked: Pick<Attributes, "verb" | "group" | "version" | "resource" | "namespace" | "name">,
): Promise<string | undefined> {
  const verdict = await deps.authorizer?.authorize({ ...asked, user, resourceRequest: true, path: "", subresource: "" });
  if (verdict?.error !== undefined) return verdict.error.message;
  return verdict?.decision === "allow" ? undefined : "";
}

/** What cannot be told is asked of everything. */
async function resourceOf(deps: ResourceDeps, kind: ParamKind | undefined): Promise<{ group: string; version: string; resource: string }> {
  if (kind === undefined) return { group: "*", version: "*", resource: "*" };
  const apiVersion = kind.apiVersion ?? "";
  const slash = apiVersion.indexOf("/");
  const [of, version] = slash < 0 ? ["", apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
  const row = resourceRows.find((r) => r.group === of && r.version === version && r.responseKind.kind === kind.kind);
  if (row !== undefined) return { group: of, version, resource: row.resource };
  const definitions = (await deps
    .objects("apiextensions.k8s.io", "customresourcedefinitions")
    .list()) as unknown as CustomResourceDefinition[];
  const custom = definitions.find(({ spec }) => spec.group === of && spec.names.kind === kind.kind);
  return { group: of, version, resource: custom?.spec.names.plural ?? "*" };
}

/** A user as Go prints the structure: `&{alice  [system:authenticated] map[]}`. */
function shown({ name, uid = "", groups, extra = {} }: UserInfo): string {
  const entries = Object.keys(extra)
    .sort()
    .map((key) => `${key}:[${(extra[key] ?? []).join(" ")}]`);
  return `&{${name} ${uid} [${groups.join(" ")}] map[${entries.join(" ")}]}`;
}
