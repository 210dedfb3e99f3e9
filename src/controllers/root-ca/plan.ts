/** What the config map that carries the cluster's root certificate must look like. */
import type { ConfigMap } from "../../schema/types/core-v1.ts";

export const rootCaName = "kube-root-ca.crt";
const descriptionKey = "kubernetes.io/description";
const description =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

export type RootCaWrite = { readonly verb: "create" | "update"; readonly configMap: ConfigMap } | undefined;

/** The write that makes `present` true, or none. `certificates`: PEM. */
export function planRootCa(namespace: string, present: ConfigMap | undefined, certificates: string): RootCaWrite {
  const data = { "ca.crt": certificates };
  if (present === undefined) {
    const metadata = { name: rootCaName, namespace, annotations: { [descriptionKey]: description } };
    return { verb: "create", configMap: { apiVersion: "v1", kind: "ConfigMap", metadata, data } };
  }
  const keys = Object.keys(present.data ?? {});
  const annotated = (present.metadata?.annotations?.[descriptionKey] ?? "") !== "";
  if (keys.length === 1 && present.data?.["ca.crt"] === certificates && annotated) return undefined;
  const annotations = { ...present.metadata?.annotations, [descriptionKey]: description };
  return { verb: "update", configMap: { ...present, metadata: { ...present.metadata, annotations }, data } };
}
