/**
 * The cluster's keys and certificates, as files under `pki/`, made at the first `up` and renewed when a name or address
 * that they must hold is new or their time is nearly over.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { type CertificateAndKey, createCa, issueCertificate } from "../host/pki.ts";
import { addressAt, parseCidr } from "./cidr.ts";
import { hostAddress } from "./machines/host-network.ts";
import type { ClusterConfig } from "./options.ts";
import { writeFileWhole } from "./state.ts";

export interface ClusterPki {
  readonly ca: CertificateAndKey;
  readonly apiServer: CertificateAndKey;
  /** `kubernetes-admin` in `system:masters`. */
  readonly admin: CertificateAndKey;
  /** What the API server shows to kubelets. */
  readonly kubeletClient: CertificateAndKey;
  /** PEM of the key that signs service account tokens, and of its public half. */
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
  /** A node's own: client certificates of its kubelet and of its network, serving certificate for its port 10250. */
  node(name: string, address: string): { client: CertificateAndKey; network: CertificateAndKey; serving: CertificateAndKey };
}

/** Whose members are the networks of nodes: see `network-role.ts`. */
export const networkGroup = "tsukube:node-network";

/** What the API server calls itself before kubelets. */
export const kubeletClientName = "kube-apiserver-kubelet-client";

const days = 3650;
/** Certificates are renewed this long before they end. */
const margin = 30 * 24 * 3600 * 1000;

export function ensurePki(config: ClusterConfig): ClusterPki {
  const dir = join(config.dataDir, "pki");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const ca = keep(dir, "ca", [], () => createCa({ commonName: "kubernetes", days }));
  const issue = (
    name: string,
    commonName: string,
    organizations: string[],
    usages: ("server" | "client")[],
    sans: string[],
  ): CertificateAndKey => keep(dir, name, sans, () => issueCertificate(ca, { commonName, organizations, sans, usages, days }), ca);
  const serviceAddress = addressAt(parseCidr(config.serviceCidr), 1);
  const apiServer = issue(
    "apiserver",
    "kube-apiserver",
    [],
    ["server"],
    [
      "localhost",
      "kubernetes",
      "kubernetes.default",
      "kubernetes.default.svc",
      "kubernetes.default.svc.cluster.local",
      "127.0.0.1",
      "::1",
      serviceAddress,
      hostAddress(config),
    ],
  );
  const keyFile = join(dir, "service-account.key");
  if (!existsSync(keyFile)) {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    writeFileWhole(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  }
  const serviceAccountKey = readFileSync(keyFile, "utf8");
  return {
    ca,
    apiServer,
    admin: issue("admin", "kubernetes-admin", ["system:masters"], ["client"], []),
    kubeletClient: issue("apiserver-kubelet-client", kubeletClientName, ["system:masters"], ["client"], []),
    serviceAccountKey,
    serviceAccountPublicKey: createPublicKey(serviceAccountKey).export({ type: "spki", format: "pem" }).toString(),
    node: (name, address) => ({
      client: issue(`${name}-client`, `system:node:${name}`, ["system:nodes"], ["client"], []),
      network: issue(`${name}-network`, `${networkGroup}:${name}`, [networkGroup], ["client"], []),
      serving: issue(`${name}-serving`, `system:node:${name}`, ["system:nodes"], ["server"], [name, address]),
    }),
  };
}

/** Reads `NAME.crt` and `NAME.key`, or makes them anew when they are missing, nearly over, lack a name or come from another CA. */
function keep(
  dir: string,
  name: string,
  sans: readonly string[],
  make: () => CertificateAndKey,
  ca?: CertificateAndKey,
): CertificateAndKey {
  const [certFile, keyFile] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)];
  if (existsSync(certFile) && existsSync(keyFile)) {
    const certificate = readFileSync(certFile, "utf8");
    const parsed = new X509Certificate(certificate);
    const holds = sans.every((s) => parsed.checkHost(s) !== undefined || parsed.checkIP(s) !== undefined);
    const signed = ca === undefined || parsed.checkIssued(new X509Certificate(ca.certificate));
    if (holds && signed && new Date(parsed.validTo).getTime() - Date.now() > margin)
      return { certificate, key: readFileSync(keyFile, "utf8") };
  }
  const made = make();
  writeFileWhole(keyFile, made.key);
  writeFileWhole(certFile, made.certificate, 0o644);
  return made;
}
