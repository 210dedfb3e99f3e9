import bootstrap from "../../facts/bootstrap-objects.json" with { type: "json" };
import type { FeatureGates } from "../core/feature-gates.ts";
import { gatedRules } from "../resources/bootstrap/gated-policy.ts";
import type { PolicyRule } from "../schema/types/rbac-v1.ts";

/** What the node authorizer lets every kubelet do: the rules of the bootstrap ClusterRole `system:node`. */
export function nodeRules(features: FeatureGates): PolicyRule[] {
  const role = (bootstrap as { kind: string; metadata: { name: string }; rules?: PolicyRule[] | null }[]).find(
    (o) => o.kind === "ClusterRole" && o.metadata.name === "system:node",
  );
  return gatedRules("system:node", role?.rules ?? [], features);
}
