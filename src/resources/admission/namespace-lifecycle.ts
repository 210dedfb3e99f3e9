import type { AdmissionPlugin } from "../../apiserver/admission.ts";
import { ApiError, forbidden, notFound } from "../../core/api-error.ts";
import type { Namespace } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { refusal } from "./forbidden.ts";

const immortal: ReadonlySet<string> = new Set(["default", "kube-system", "kube-public"]);

/** Nothing is written into namespaces that do not exist or are going, and some namespaces never go. */
export function namespaceLifecycle(deps: ResourceDeps): AdmissionPlugin {
  const about = { group: "", resource: "namespaces" };
  return {
    name: "NamespaceLifecycle",
    handles: ({ operation }) => operation !== "CONNECT",
    admit: async (attributes) => {
      const { definition, operation, namespace } = attributes;
      if (definition.group === "" && definition.resource === "namespaces") {
        if (operation === "DELETE" && attributes.subresource === "" && immortal.has(attributes.name))
          throw forbidden(about, attributes.name, "this namespace may not be deleted");
        return;
      }
      if (namespace === "" || operation === "DELETE" || definition.resource === "localsubjectaccessreviews") return;
      const found = (await deps.objects("", "namespaces").get("", namespace)) as Namespace | undefined;
      if (found === undefined) throw notFound(about, namespace);
      if (operation !== "CREATE" || found.status?.phase !== "Terminating") return;
      const error = refusal(attributes, `unable to create new content in namespace ${namespace} because it is being terminated`);
      throw new ApiError(error.code, error.reason, error.message, {
        ...error.details,
        causes: [{ reason: "NamespaceTerminating", message: `namespace ${namespace} is being terminated`, field: "metadata.namespace" }],
      });
    },
  };
}
