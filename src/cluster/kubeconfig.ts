/** The cluster's context in kubeconfig files. */
import type { CertificateAndKey } from "../host/pki.ts";

export function contextName(cluster: string): string {
  return `tsukube-${cluster}`;
}

/** A whole kubeconfig with one context. */
export function kubeconfigFor(options: {
  cluster: string;
  server: string;
  ca: string;
  user: string;
  credentials: CertificateAndKey;
}): object {
  const name = contextName(options.cluster);
  const base64 = (pem: string): string => Buffer.from(pem).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server: options.server, "certificate-authority-data": base64(options.ca) } }],
    users: [
      {
        name: options.user,
        user: { "client-certificate-data": base64(options.credentials.certificate), "client-key-data": base64(options.credentials.key) },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: options.user } }],
    "current-context": name,
  };
}
