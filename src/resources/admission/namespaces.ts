/** NamespaceAutoProvision, NamespaceExists: what happens to a namespace that nobody has made. */
import type { AdmissionAttributes, AdmissionPlugin } from "../../apiserver/admission.ts";
import { hasReason, isApiError, notFound } from "../../core/api-error.ts";
import { namespaces } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { refusal } from "./forbidden.ts";

const isWithinNamespace = ({ namespace, definition }: AdmissionAttributes): boolean =>
  namespace !== "" && !(definition.group === "" && definition.resource === "namespaces");

export function namespaceAutoProvision(deps: ResourceDeps): AdmissionPlugin {
  return {
    name: "NamespaceAutoProvision",
    handles: (a) => a.operation === "CREATE" && !a.dryRun && isWithinNamespace(a),
    admit: async (attributes) => {
      const name = attributes.namespace;
      if ((await deps.objects("", "namespaces").get("", name)) !== undefined) return;
      try {
        await deps.client().resource(namespaces).create({ metadata: { name } });
      } catch (error) {
        if (hasReason(error, "AlreadyExists")) return;
        throw isApiError(error) ? refusal(attributes, error.message) : error;
      }
    },
  };
}

export function namespaceExists(deps: ResourceDeps): AdmissionPlugin {
  return {
    name: "NamespaceExists",
    handles: (a) => a.operation !== "CONNECT" && isWithinNamespace(a),
    validate: async ({ namespace }) => {
      const found = await deps.objects("", "namespaces").get("", namespace);
      if (found === undefined) throw notFound({ group: "", resource: "namespaces" }, namespace);
    },
  };
}
