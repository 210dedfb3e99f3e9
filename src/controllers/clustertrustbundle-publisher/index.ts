/** Publishes the certificates by which the API server is verified as a trust bundle of its signer. */
import { createHash } from "node:crypto";
import { hasReason } from "../../core/api-error.ts";
import type { Controller } from "../../operator/controller.ts";
import { mutable } from "../../schema/object.ts";
import { type ClusterTrustBundle, clustertrustbundles } from "../../schema/types/certificates-v1beta1.ts";
import { typed } from "../typed.ts";

const signer = "kubernetes.io/kube-apiserver-serving";

/** Named by its content, so that bundles of several managers do not meet. */
export function bundleName(signerName: string, bundle: string): string {
  const hash = createHash("sha256").update(bundle).digest("hex").slice(0, 24);
  return `${signerName.replaceAll("/", ":")}:${hash}`;
}

/** `certificates`: PEM. */
export function clusterTrustBundlePublisherController({ certificates }: { readonly certificates: string }): Controller {
  return {
    name: "kube-apiserver-serving-clustertrustbundle-publisher-controller",
    identity: "kube-apiserver-serving-clustertrustbundle-publisher",
    workers: 1,
    setup({ client, informers }, queue) {
      const informer = informers.informer(clustertrustbundles, { fieldSelector: `spec.signerName=${signer}` });
      const enqueue = (): void => queue.add("bundle");
      informer.addHandlers({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
      enqueue();
      return async (_, signal) => {
        const name = bundleName(signer, certificates);
        const at = client.resource(clustertrustbundles);
        const present = informer.lister.get("", name);
        const spec = { signerName: signer, trustBundle: certificates };
        try {
          if (present === undefined) {
            await at.create(
              { apiVersion: "certificates.k8s.io/v1beta1", kind: "ClusterTrustBundle", metadata: { name }, spec },
              { signal },
            );
          } else if (present.spec.trustBundle !== certificates) {
            const changed: ClusterTrustBundle = { ...mutable(typed(clustertrustbundles, present)), spec: { ...present.spec, ...spec } };
            await at.update(changed, { signal });
          }
        } catch (error) {
          if (!hasReason(error, "AlreadyExists")) throw error;
        }
        for (const bundle of informer.lister.list()) {
          const other = bundle.metadata?.name ?? "";
          if (other === name) continue;
          try {
            await at.delete(other, { signal });
          } catch (error) {
            if (!hasReason(error, "NotFound")) throw error;
          }
        }
      };
    },
  };
}
