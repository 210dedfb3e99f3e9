/** A bound volume whose labels name a zone or region keeps its pods there (volumes from before they had node affinity). */
import type { Plugin, Rejection } from "../framework.ts";
import { claimsOf } from "../node-info.ts";

const conflict: Rejection = { plugin: "VolumeZone", unresolvable: true, reasons: ["node(s) had no available volume zone"] };

/** The old names too, which nodes may carry instead of the new ones. */
const keys: Readonly<Record<string, string>> = {
  "topology.kubernetes.io/zone": "failure-domain.beta.kubernetes.io/zone",
  "topology.kubernetes.io/region": "failure-domain.beta.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
};

export const volumeZone: Plugin = {
  name: "VolumeZone",
  prepareFilter: ({ pod, snapshot }) => {
    const wanted: { key: string; values: ReadonlySet<string> }[] = [];
    for (const claim of claimsOf(pod.pod)) {
      const bound = snapshot.volumes.claim(pod.namespace, claim.slice(pod.namespace.length + 1))?.spec?.volumeName;
      const labels = bound ? (snapshot.volumes.volume(bound)?.metadata?.labels ?? {}) : {};
      for (const key of Object.keys(keys)) {
        const value = labels[key];
        // Several zones of one volume are joined by "__".
        if (value !== undefined) wanted.push({ key, values: new Set(value.split("__")) });
      }
    }
    if (wanted.length === 0) return undefined;
    return {
      check: ({ labels }) => {
        const fits = wanted.every(({ key, values }) => {
          const own = labels[key] ?? labels[keys[key] as string];
          return own !== undefined && values.has(own);
        });
        // A node that is in no zone at all is let through, as in a cluster without a cloud.
        return fits || !Object.keys(keys).some((key) => labels[key] !== undefined) ? undefined : conflict;
      },
    };
  },
  helps: (event) =>
    event.type === "ClaimChange" || event.type === "VolumeChange" || event.type === "NodeAdd" || event.type === "NodeUpdate",
};
