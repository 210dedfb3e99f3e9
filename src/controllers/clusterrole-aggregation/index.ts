/** Wiring of the cluster role aggregation. */
import type { Controller } from "../../operator/controller.ts";
import { clusterroles } from "../../schema/types/rbac-v1.ts";
import { aggregatedRules } from "./plan.ts";

export function clusterRoleAggregationController(): Controller {
  return {
    name: "clusterrole-aggregation-controller",
    workers: 5,
    setup({ client, informers }, queue) {
      const roles = informers.informer(clusterroles);
      const enqueue = (): void => {
        for (const role of roles.lister.list()) if (role.aggregationRule !== undefined) queue.add(role.metadata?.name ?? "");
      };
      roles.addHandlers({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
      return async (key, signal) => {
        const role = roles.lister.get("", key);
        const rules = role === undefined ? undefined : aggregatedRules(role, roles.lister.list());
        if (role === undefined || rules === undefined) return;
        const applied = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: key }, rules };
        const how = { fieldManager: "clusterrole-aggregation-controller", force: true, signal };
        await client.resource(clusterroles).patch(key, "apply", applied, how);
      };
    },
  };
}
