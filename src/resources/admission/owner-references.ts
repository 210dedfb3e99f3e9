/** OwnerReferencesPermissionEnforcement: who makes an object depend on another decides about its deletion, and must be allowed to. */
import type { AdmissionAttributes, AdmissionPlugin } from "../../apiserver/admission.ts";
import type { Attributes } from "../../auth/authorizer.ts";
import { jsonEqual } from "../../apiserver/json-equal.ts";
import { isApiError } from "../../core/api-error.ts";
import type { OwnerReference } from "../../schema/types/meta-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { isAbout, refusal } from "./forbidden.ts";

interface Served {
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Milliseconds that discovery is believed. */
const freshness = 30_000;

export function ownerReferencesPermissionEnforcement(deps: ResourceDeps): AdmissionPlugin {
  const mapping = new Mapping(deps);
  const ask = async (attributes: AdmissionAttributes, wish: Partial<Attributes>): Promise<string | undefined> => {
    if (deps.authorizer === undefined) return undefined;
    const base = { user: attributes.user, resourceRequest: true, path: "", namespace: "" };
    const verdict = await deps.authorizer.authorize({ ...base, ...wish } as Attributes);
    return verdict.decision === "allow" ? undefined : verdict.reason;
  };
  const checkChange = async (attributes: AdmissionAttributes): Promise<void> => {
    const { definition, version, subresource, namespace, name } = attributes;
    const { group, resource } = definition;
    const why = await ask(attributes, { verb: "delete", group, version, resource, subresource, namespace, name });
    if (why !== undefined) throw refusal(attributes, `cannot set an ownerRef on a resource you can't delete: ${why}, <nil>`);
  };
  const checkBlocking = async (attributes: AdmissionAttributes, references: readonly OwnerReference[]): Promise<void> => {
    const anything = { verb: "update", group: "*", version: "*", resource: "*", subresource: "finalizers", name: "*" };
    if ((await ask(attributes, anything)) === undefined) return;
    for (const reference of references) {
      const { apiVersion, kind, name } = reference;
      const [group, version] = split(apiVersion);
      const owners = await mapping.resourcesOf(apiVersion, kind);
      if (typeof owners === "string") {
        const what = `cannot find RESTMapping for APIVersion ${apiVersion} Kind ${kind}: ${owners}`;
        throw refusal(attributes, `cannot set blockOwnerDeletion in this case because ${what}`);
      }
      for (const { resource, namespaced } of owners) {
        const namespace = namespaced ? attributes.namespace : "";
        const why = await ask(attributes, { verb: "update", group, version, resource, subresource: "finalizers", namespace, name });
        if (why === undefined) continue;
        const start = "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on";
        throw refusal(attributes, `${start}: ${why}, <nil>`);
      }
    }
  };
  return {
    name: "OwnerReferencesPermissionEnforcement",
    // Kubelets of old garble what they do not know through pods/status, which changes no owner anyway.
    handles: (a) => (a.operation === "CREATE" || a.operation === "UPDATE") && !isAbout(a, "", "pods", "status"),
    validate: async (attributes) => {
      const now = attributes.object?.metadata?.ownerReferences ?? [];
      const before = attributes.oldObject?.metadata?.ownerReferences ?? [];
      if (jsonEqual(now, before)) return;
      if (attributes.operation !== "CREATE") await checkChange(attributes);
      const blocked = new Set(before.filter((o) => o.blockOwnerDeletion === true).map((o) => o.uid));
      const blocking = now.filter((o) => o.blockOwnerDeletion === true && !blocked.has(o.uid));
      if (blocking.length > 0) await checkBlocking(attributes, blocking);
    },
  };
}

function split(apiVersion: string): [group: string, version: string] {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? ["", apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
}

/** Which resources have a kind, by discovery: those of aggregated servers too. */
class Mapping {
  readonly #deps: ResourceDeps;
  readonly #known = new Map<string, { at: number; served: Promise<readonly Served[]> }>();

  constructor(deps: ResourceDeps) {
    this.#deps = deps;
  }

  /** A string: why there is none. */
  async resourcesOf(apiVersion: string, kind: string): Promise<readonly Served[] | string> {
    const now = this.#deps.clock.now();
    let known = this.#known.get(apiVersion);
    if (known === undefined || now - known.at > freshness) {
      known = { at: now, served: this.#discover(apiVersion) };
      this.#known.set(apiVersion, known);
    }
    const found = (await known.served).filter((r) => r.kind === kind);
    if (found.length > 0) return found;
    this.#known.delete(apiVersion);
    return `no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`;
  }

  async #discover(apiVersion: string): Promise<readonly Served[]> {
    const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    try {
      const response = await this.#deps.client().raw("GET", path);
      if (response.status !== 200) return [];
      const { resources = [] } = response.json() as { resources?: { name: string; kind: string; namespaced: boolean }[] };
      return resources.filter((r) => !r.name.includes("/")).map((r) => ({ resource: r.name, kind: r.kind, namespaced: r.namespaced }));
    } catch (error) {
      if (isApiError(error)) return [];
      throw error;
    }
  }
}
