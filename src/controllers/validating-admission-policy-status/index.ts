/** Wiring of the type checks of validating admission policies. */
import type { Controller } from "../../operator/controller.ts";
import { validatingadmissionpolicies } from "../../schema/types/admissionregistration-v1.ts";

export function validatingAdmissionPolicyStatusController(): Controller {
  return {
    name: "validatingadmissionpolicy-status-controller",
    workers: 5,
    setup({ client, informers }, queue) {
      const policies = informers.informer(validatingadmissionpolicies);
      const enqueue = ({ metadata }: { metadata?: { name?: string | undefined } | undefined }): void => queue.add(metadata?.name ?? "");
      policies.addHandlers({ onAdd: enqueue, onUpdate: enqueue });
      return async (key, signal) => {
        const policy = policies.lister.get("", key);
        const generation = policy?.metadata?.generation ?? 0;
        if (policy === undefined || generation <= (policy.status?.observedGeneration ?? 0)) return;
        // Most clusters have no policies: what checks types is loaded with the first.
        const [{ checkTypes }, { publishedTypes, typeLookup }] = await Promise.all([import("./type-check.ts"), import("./types.ts")]);
        const expressionWarnings = checkTypes(policy, typeLookup(await publishedTypes(client, policy, signal)));
        const applied = {
          apiVersion: "admissionregistration.k8s.io/v1",
          kind: "ValidatingAdmissionPolicy",
          metadata: { name: key },
          status: {
            observedGeneration: generation,
            typeChecking: expressionWarnings.length === 0 ? {} : { expressionWarnings },
          },
        };
        const how = { fieldManager: "validatingadmissionpolicy-status", force: true, subresource: "status", signal };
        await client.resource(validatingadmissionpolicies).patch(key, "apply", applied, how);
      };
    },
  };
}
