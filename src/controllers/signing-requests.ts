/** What the controllers of certificates know of a signing request: its state, and what kubelets may ask for. */
import { type CertificateSigningRequest as ParsedRequest, parseCsr } from "../host/pki.ts";
import type { CertificateSigningRequest } from "../schema/types/certificates-v1.ts";

/** What signs certificates that the API server believes kubelets by. */
export const kubeletClientSigner = "kubernetes.io/kube-apiserver-client-kubelet";
/** Kubelets serve with these. */
export const kubeletServingSigner = "kubernetes.io/kubelet-serving";
/** Clients of the API server, whoever they are; approved by people alone. */
export const clientSigner = "kubernetes.io/kube-apiserver-client";
/** Anything, as it was before signers had names; approved by people alone. */
export const legacySigner = "kubernetes.io/legacy-unknown";

/** The PKCS #10 request inside. Throws an Error that names the object. */
export function parsedRequest(request: CertificateSigningRequest): ParsedRequest {
  try {
    return parseCsr(Buffer.from(request.spec.request, "base64").toString("latin1"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`unable to parse csr ${JSON.stringify(request.metadata?.name ?? "")}: ${why}`, { cause: error });
  }
}

/** Somebody has said of it that it is so. */
export function hasCondition(request: CertificateSigningRequest, type: "Approved" | "Denied"): boolean {
  return request.status?.conditions?.some((c) => c.type === type) === true;
}

/** The signer has given up on it. */
export function hasFailed(request: CertificateSigningRequest): boolean {
  return request.status?.conditions?.some((c) => c.type === "Failed" && c.status === "True") === true;
}

function same(usages: readonly string[], wanted: readonly string[]): boolean {
  const set = new Set(usages);
  return set.size === wanted.length && wanted.every((u) => set.has(u));
}

/** `key encipherment` is for RSA keys alone. */
function usageFault(usages: readonly string[], auth: "client auth" | "server auth"): string | undefined {
  const [short, long] = [
    ["digital signature", auth],
    ["digital signature", "key encipherment", auth],
  ] as const;
  if (same(usages, short) || same(usages, long)) return undefined;
  return `usages did not match [${long.toSorted().join(" ")}]`;
}

const wrongOrganization = "subject organization is not system:nodes";
const wrongName = "subject common name does not begin with system:node:";
const isNodes = (organizations: readonly string[]): boolean => organizations.length === 1 && organizations[0] === "system:nodes";

/** Why a request is none that a kubelet makes for its client certificate; undefined when it is. */
export function kubeletClientFault(request: ParsedRequest, usages: readonly string[]): string | undefined {
  if (!isNodes(request.organizations)) return wrongOrganization;
  if (request.dnsNames.length > 0) return "DNS subjectAltNames are not allowed";
  if (request.emailAddresses.length > 0) return "Email subjectAltNames are not allowed";
  if (request.ipAddresses.length > 0) return "IP subjectAltNames are not allowed";
  if (request.uris.length > 0) return "URI subjectAltNames are not allowed";
  if (!request.commonName.startsWith("system:node:")) return wrongName;
  return usageFault(usages, "client auth");
}

/** Why a request is none that a kubelet makes for its serving certificate; undefined when it is. */
export function kubeletServingFault(request: ParsedRequest, usages: readonly string[]): string | undefined {
  if (!isNodes(request.organizations)) return wrongOrganization;
  if (request.dnsNames.length === 0 && request.ipAddresses.length === 0) return "DNS or IP subjectAltName is required";
  if (request.emailAddresses.length > 0) return "Email subjectAltNames are not allowed";
  if (request.uris.length > 0) return "URI subjectAltNames are not allowed";
  return usageFault(usages, "server auth") ?? (request.commonName.startsWith("system:node:") ? undefined : wrongName);
}

/** Why the usages are none of a client certificate. */
export function clientUsageFault(usages: readonly string[]): string | undefined {
  const strange = usages.find((u) => u !== "digital signature" && u !== "key encipherment" && u !== "client auth");
  if (strange !== undefined) return `invalid usage for client certificate: ${strange}`;
  return usages.includes("client auth") ? undefined : "missing required usage for client certificate: client auth";
}
