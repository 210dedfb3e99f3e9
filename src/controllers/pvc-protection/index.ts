/** Wiring of the protection of claims: one that a scheduled pod uses is not deleted before the pod is. */
import type { Controller } from "../../operator/controller.ts";
import { type Pod, persistentvolumeclaims, type PersistentVolumeClaim, pods } from "../../schema/types/core-v1.ts";
import { isPodTerminal } from "../pod-state.ts";
import { protect, protectionStep } from "../protection.ts";
import { claimNames, usesClaim } from "./users.ts";

const finalizer = "kubernetes.io/pvc-protection";
const byClaim = "pvc-protection/claim";

export function pvcProtectionController(): Controller {
  return {
    name: "persistentvolumeclaim-protection-controller",
    identity: "pvc-protection-controller",
    workers: 30,
    setup({ client, informers }, queue) {
      const claims = informers.informer(persistentvolumeclaims);
      const users = informers.informer(pods);
      const keysOf = (pod: Pod): string[] => claimNames(pod).map((name) => `${pod.metadata?.namespace ?? ""}/${name}`);
      users.addIndex(byClaim, keysOf);
      const enqueue = (claim: PersistentVolumeClaim): void => {
        if (protectionStep(claim, finalizer) !== "none") queue.add(`${claim.metadata?.namespace ?? ""}/${claim.metadata?.name ?? ""}`);
      };
      claims.addHandlers({ onAdd: enqueue, onUpdate: enqueue });
      const gone = (pod: Pod): void => keysOf(pod).forEach((key) => queue.add(key));
      // A pod that is there and runs frees nothing.
      const changed = (pod: Pod): void => {
        if (isPodTerminal(pod) || !pod.spec?.nodeName) gone(pod);
      };
      users.addHandlers({
        onAdd: changed,
        onUpdate: (pod, old) => {
          changed(pod);
          if (old.metadata?.uid !== pod.metadata?.uid) gone(old);
        },
        onDelete: gone,
      });
      return async (key, signal) => {
        const [namespace = "", name = ""] = key.split("/");
        const claim = claims.lister.get(namespace, name);
        if (claim === undefined) return;
        await protect({ client, ref: persistentvolumeclaims, finalizer, signal }, claim, async () => {
          if (users.lister.byIndex(byClaim, key).some((pod) => usesClaim(pod, claim))) return true;
          // The cache may not know yet of a pod that is there.
          const { items } = await client.resource(pods, namespace).list({ signal });
          return items.some((pod) => usesClaim(pod, claim));
        });
      };
    },
  };
}
