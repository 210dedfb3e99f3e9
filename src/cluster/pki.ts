/**
 * The cluster's keys and certificates, as files under `pki/`, made at the first `up` and renewed when a name or address
 * that they must hold is new or their time is nearly over.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createPrivateKey, createPublicKey, generateKeyPair, generateKeyPairSync, X509Certificate } from "node:crypto";
import { promisify } from "node:util";
import { type CertificateAndKey, createCa, issueCertificate } from "../host/pki.ts";
import { addressAt, parseCidr } from "./cidr.ts";
import { hostAddress } from "./machines/host-network.ts";
import type { ClusterConfig } from "./options.ts";
import { ClusterError, writeFileWhole } from "./state.ts";

export interface ClusterPki {
  readonly ca: CertificateAndKey;
  readonly apiServer: CertificateAndKey;
  /** `kubernetes-admin` in `system:masters`. */
  readonly admin: CertificateAndKey;
  /** What the API server shows to kubelets. */
  readonly kubeletClient: CertificateAndKey;
  /** An authority of its own: whom it vouches for may name users in headers, before extension servers. */
  readonly frontProxyCa: CertificateAndKey;
  readonly frontProxyClient: CertificateAndKey;
  /** PEM of the key that signs service account tokens, and of its public half. */
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
  /** A node's own: client certificates of its kubelet and of its network, serving certificate for its port 10250. */
  node(name: string, address: string): { client: CertificateAndKey; network: CertificateAndKey; serving: CertificateAndKey };
}

/** Whose members are the networks of nodes: see `network-role.ts`. */
export const networkGroup = "tsukube:node-network";

/** What the API server calls itself before extension servers. */
export const frontProxyName = "front-proxy-client";

/** What the API server calls itself before kubelets. */
export const kubeletClientName = "kube-apiserver-kubelet-client";

const days = 3650;
/** Certificates are renewed this long before they end. */
const margin = 30 * 24 * 3600 * 1000;

/**
 * The signing key of a cluster that has none yet, as PEM; undefined where there is one. Finding primes takes a tenth of a second on
 * a thread of its own: whoever begins early, and loads code meanwhile, does not wait for it.
 */
export async function newSigningKey(config: ClusterConfig): Promise<string | undefined> {
  if (existsSync(signingKeyFile(config))) return undefined;
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

const signingKeyFile = (config: ClusterConfig): string => join(config.dataDir, "pki", "service-account.key");

/** `signingKey`: what {@link newSigningKey} has found; used where there is no key yet. */
export function ensurePki(config: ClusterConfig, signingKey?: string): ClusterPki {
  const dir = join(config.dataDir, "pki");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const ca = authority(dir, "ca", "kubernetes");
  const frontProxyCa = authority(dir, "front-proxy-ca", "front-proxy-ca");
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
  const keyFile = signingKeyFile(config);
  if (!existsSync(keyFile)) {
    const pem = (): string =>
      generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    writeFileWhole(keyFile, signingKey ?? pem());
  }
  const serviceAccountKey = readFileSync(keyFile, "utf8");
  const serviceAccountPublicKey = publicHalf(keyFile, serviceAccountKey);
  return {
    ca,
    apiServer,
    admin: issue("admin", "kubernetes-admin", ["system:masters"], ["client"], []),
    kubeletClient: issue("apiserver-kubelet-client", kubeletClientName, ["system:masters"], ["client"], []),
    frontProxyCa,
    frontProxyClient: keep(
      dir,
      "front-proxy-client",
      [],
      () => issueCertificate(frontProxyCa, { commonName: frontProxyName, organizations: [], sans: [], usages: ["client"], days }),
      frontProxyCa,
    ),
    serviceAccountKey,
    serviceAccountPublicKey,
    node: (name, address) => ({
      client: issue(`${name}-client`, `system:node:${name}`, ["system:nodes"], ["client"], []),
      network: issue(`${name}-network`, `${networkGroup}:${name}`, [networkGroup], ["client"], []),
      serving: issue(`${name}-serving`, `system:node:${name}`, ["system:nodes"], ["server"], [name, address]),
    }),
  };
}

function publicHalf(file: string, pem: string): string {
  try {
    return createPublicKey(pem).export({ type: "spki", format: "pem" }).toString();
  } catch {
    throw new ClusterError(
      `${file} is damaged: it is not a private key; restore it, or remove it: \`tsukube up\` makes a new one, and tokens of service accounts are issued anew`,
    );
  }
}

/**
 * An authority of the cluster. It is made once and never replaced silently: everyone who trusts the cluster holds it.
 * @throws ClusterError when its files are damaged, or one of the two is missing
 */
function authority(dir: string, name: string, commonName: string): CertificateAndKey {
  const [certFile, keyFile] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)];
  if (!existsSync(certFile) && !existsSync(keyFile)) {
    const made = createCa({ commonName, days });
    writeFileWhole(keyFile, made.key);
    writeFileWhole(certFile, made.certificate, 0o644);
    return made;
  }
  const damaged = (file: string, why: string): ClusterError =>
    new ClusterError(
      `${file} is damaged: ${why}; restore it, or remove ${certFile} and ${keyFile}: \`tsukube up\` makes new ones and a new kubeconfig`,
    );
  for (const file of [certFile, keyFile]) if (!existsSync(file)) throw damaged(file, "it is missing");
  const read = readPair(certFile, keyFile);
  if (typeof read === "string") throw damaged(read, read === certFile ? "it is not a certificate" : `it is not the key of ${name}.crt`);
  return read;
}

/** Both files, or the name of the one that is not what it should be. */
function readPair(certFile: string, keyFile: string): CertificateAndKey | string {
  const [certificate, key] = [readFileSync(certFile, "utf8"), readFileSync(keyFile, "utf8")];
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(certificate);
  } catch {
    return certFile;
  }
  try {
    return parsed.checkPrivateKey(createPrivateKey(key)) ? { certificate, key } : keyFile;
  } catch {
    return keyFile;
  }
}

/** Reads `NAME.crt` and `NAME.key`, or makes them anew when they are missing, damaged, nearly over, lack a name or come from another CA. */
function keep(dir: string, name: string, sans: readonly string[], make: () => CertificateAndKey, ca: CertificateAndKey): CertificateAndKey {
  const [certFile, keyFile] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)];
  const present = existsSync(certFile) && existsSync(keyFile) ? readPair(certFile, keyFile) : certFile;
  if (typeof present !== "string") {
    const parsed = new X509Certificate(present.certificate);
    const holds = sans.every((s) => parsed.checkHost(s) !== undefined || parsed.checkIP(s) !== undefined);
    const issuer = new X509Certificate(ca.certificate);
    const signed = parsed.checkIssued(issuer) && parsed.verify(issuer.publicKey);
    if (holds && signed && new Date(parsed.validTo).getTime() - Date.now() > margin) return present;
  }
  const made = make();
  writeFileWhole(keyFile, made.key);
  writeFileWhole(certFile, made.certificate, 0o644);
  return made;
}
