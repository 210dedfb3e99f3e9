/** Certificates that kubelets ask for in the name of pods (KEP-4317): what may be asked, and what a signer may answer. */
import { constants, createPublicKey, type KeyObject, verify, X509Certificate } from "node:crypto";
import { pemBlocks } from "../host/pem.ts";
import { readCsr } from "../host/pki.ts";
import { validateSignerName } from "../kinds/certificate-signing-request/validation.ts";
import { validateConditions } from "../kinds/conditions.ts";
import { byteLength, invalidEach, invalidWithoutValue, nameIsDnsSubdomain, validateDomainPrefixedKey } from "../kinds/formats.ts";
import { validateImmutable } from "../kinds/object-meta.ts";
import { semanticEqual } from "../kinds/semantic-equal.ts";
import {
  type FieldError,
  FieldPath,
  forbiddenField,
  invalid,
  invalidField,
  notSupported,
  required,
  tooLong,
} from "../schema/field-error.ts";
import type { UnstructuredObject } from "../schema/object.ts";
import type { PodCertificateRequest, PodCertificateRequestStatus } from "../schema/types/certificates-v1beta1.ts";
import { mayUseSigner } from "./admission/certificates.ts";
import type { ResourceDeps } from "./deps.ts";
import type { Special } from "./special.ts";

const maxProofSize = 10 * 1024;
const maxChainSize = 100 * 1024;
const maxUidSize = 128;
const hour = 3600;
const day = 24 * hour;
const maxLife = 91 * day;
const annotationsLimit = 256 * 1024;
/** Milliseconds. */
const minute = 60_000;

const spec = new FieldPath("spec");
const status = new FieldPath("status");
const pkixPath = spec.child("pkixPublicKey");
const proofPath = spec.child("proofOfPossession");
const stubPath = spec.child("stubPKCS10Request");
const chainPath = status.child("certificateChain");

const typed = (object: UnstructuredObject): PodCertificateRequest => object as unknown as PodCertificateRequest;
const bytesOf = (base64: string | undefined): Buffer => Buffer.from(base64 ?? "", "base64");

function createFaults({ spec: asked }: PodCertificateRequest): FieldError[] {
  const errors: FieldError[] = [];
  const { signerName, unverifiedUserAnnotations: annotations, maxExpirationSeconds: seconds } = asked;
  validateSignerName(signerName, spec.child("signerName"), errors);
  if (annotations !== undefined) annotationFaults(annotations, spec.child("unverifiedUserAnnotations"), errors);
  const named = (name: string, uid: string, kind: string): void => {
    const [namePath, uidPath] = [spec.child(`${kind}Name`), spec.child(`${kind}UID`)];
    invalidEach(nameIsDnsSubdomain(name, false), namePath, name, errors);
    if (uid === "") errors.push(invalidField(uidPath, uid, "must not be empty"));
    if (byteLength(uid) > maxUidSize) errors.push(tooLong(uidPath, maxUidSize));
  };
  named(asked.podName ?? "", asked.podUID ?? "", "pod");
  named(asked.serviceAccountName ?? "", asked.serviceAccountUID ?? "", "serviceAccount");
  named(asked.nodeName ?? "", asked.nodeUID ?? "", "node");
  const secondsPath = spec.child("maxExpirationSeconds");
  if (seconds === undefined) return [...errors, required(secondsPath, "must be set")];
  const [domain = ""] = (signerName ?? "").split("/");
  const longest = domain === "kubernetes.io" || domain.endsWith(".kubernetes.io") ? day : maxLife;
  if (seconds < hour || seconds > longest) {
    errors.push(invalidField(secondsPath, seconds, `must be in the range [${hour}, ${longest}]`));
  }
  const [stub, key, proof] = [asked.stubPKCS10Request, asked.pkixPublicKey, asked.proofOfPossession].map(bytesOf) as [
    Buffer,
    Buffer,
    Buffer,
  ];
  if (stub.length > 0 && key.length === 0 && proof.length === 0) return [...errors, ...stubFaults(stub)];
  if (stub.length === 0 && key.length > 0 && proof.length > 0) return [...errors, ...proofFaults(asked, key, proof)];
  const oneOf = "exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set";
  return [...errors, invalidWithoutValue(spec, oneOf)];
}

function annotationFaults(annotations: Readonly<Record<string, string>>, path: FieldPath, errors: FieldError[]): void {
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    validateDomainPrefixedKey(key.toLowerCase(), path, errors);
    size += byteLength(key) + byteLength(value);
  }
  if (size > annotationsLimit) errors.push(tooLong(path, annotationsLimit));
}

const curves: Readonly<Record<string, string>> = { secp224r1: "P-224", prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };

/** Only keys that are strong enough are certified. */
function keyFault(key: KeyObject | undefined, path: FieldPath, goodCurves: string, unknown: FieldError): FieldError | undefined {
  const details = key?.asymmetricKeyDetails;
  switch (key?.asymmetricKeyType) {
    case "ed25519":
      return undefined;
    case "ec": {
      const curve = curves[details?.namedCurve ?? ""] ?? "";
      if (curve !== "" && curve !== "P-224") return undefined;
      return invalidField(path, `curve ${curve}`, `elliptic public keys must use curve ${goodCurves}`);
    }
    case "rsa": {
      const bits = Math.ceil((details?.modulusLength ?? 0) / 8) * 8;
      if (bits === 3072 || bits === 4096) return undefined;
      return invalidField(path, `${bits}-bit modulus`, "RSA keys must have modulus size 3072 or 4096");
    }
    default:
      return unknown;
  }
}

const unknownType = "unknown public key type; supported types are Ed25519, ECDSA, and RSA";

function publicKey(spki: Buffer): KeyObject | undefined {
  try {
    return createPublicKey({ key: spki, format: "der", type: "spki" });
  } catch {
    return undefined;
  }
}

function stubFaults(stub: Buffer): FieldError[] {
  if (stub.length > maxProofSize) return [tooLong(stubPath, maxProofSize)];
  const spki = stubKey(stub);
  if (spki === undefined) return [invalidWithoutValue(stubPath, "must be a valid PKCS#10 CSR")];
  const fault = keyFault(publicKey(spki), stubPath, "P256, P384, or P521", invalidWithoutValue(stubPath, unknownType));
  if (fault !== undefined) return [fault];
  try {
    readCsr(stub);
    return [];
  } catch {
    return [invalidWithoutValue(stubPath, "invalid signature")];
  }
}

function stubKey(stub: Buffer): Buffer | undefined {
  try {
    return readCsr(stub, { unchecked: true }).spki;
  } catch {
    return undefined;
  }
}

/** The old way: the key, and its signature of the pod's UID. */
function proofFaults({ pkixPublicKey, podUID }: PodCertificateRequest["spec"], spki: Buffer, proof: Buffer): FieldError[] {
  if (spki.length > maxProofSize) return [tooLong(pkixPath, maxProofSize)];
  if (proof.length > maxProofSize) return [tooLong(proofPath, maxProofSize)];
  const key = publicKey(spki);
  if (key === undefined) return [invalidField(pkixPath, pkixPublicKey, "must be a valid PKIX-serialized public key")];
  const fault = keyFault(key, pkixPath, "P256 or P384", invalidField(pkixPath, pkixPublicKey, unknownType));
  if (fault !== undefined) return [fault];
  const rsa = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
  const [hash, by] = key.asymmetricKeyType === "ed25519" ? [null, key] : ["sha256", key.asymmetricKeyType === "rsa" ? rsa : key];
  if (verify(hash, Buffer.from(podUID), by, proof)) return [];
  return [invalidWithoutValue(proofPath, "could not verify proof-of-possession signature")];
}

const ends = ["Issued", "Denied", "Failed"];
const endOf = (request: PodCertificateRequest): string | undefined =>
  request.status?.conditions?.find((c) => ends.includes(c.type) && c.status === "True")?.type;

function statusFaults(request: PodCertificateRequest, old: PodCertificateRequest, now: number): FieldError[] {
  const errors: FieldError[] = [];
  const path = status.child("conditions");
  const conditions = request.status?.conditions ?? [];
  let known = 0;
  conditions.forEach(({ type, status: value }, i) => {
    const at = path.child(`[${i}]`);
    if (!ends.includes(type)) {
      errors.push(notSupported(at.child("type"), type ?? "", ends));
      return;
    }
    known++;
    if (known > 1) {
      errors.push(invalidField(at.child("type"), type, 'There may be at most one condition with type "Issued", "Denied", or "Failed"'));
    }
    if (value !== "True") errors.push(notSupported(at.child("status"), value ?? "", ["True"]));
  });
  validateConditions(conditions, path, errors);
  if (errors.length > 0) return errors;
  const same = (other: PodCertificateRequestStatus | undefined, detail: string): FieldError[] =>
    semanticEqual(request.status ?? {}, other ?? {}) ? [] : [invalidWithoutValue(status, detail)];
  if (endOf(old) !== undefined) return same(old.status, "immutable after PodCertificateRequest is issued, denied, or failed");
  const end = endOf(request);
  if (end === "Issued") return issuedFaults(request, old, now);
  if (end !== undefined) {
    return same({ conditions }, "non-condition status fields must be empty when denying or failing the PodCertificateRequest");
  }
  return same(old.status, 'status is immutable unless transitioning to "Issued", "Denied", or "Failed"');
}

function issuedFaults({ status: given = {}, spec: asked }: PodCertificateRequest, old: PodCertificateRequest, now: number): FieldError[] {
  const chain = given.certificateChain ?? "";
  const wrong = (detail: string): FieldError[] => [invalidField(chainPath, chain, detail)];
  if (byteLength(chain) > maxChainSize) return [tooLong(chainPath, maxChainSize)];
  const [leaf, ...others] = pemBlocks(chain);
  if (leaf === undefined) return wrong("issued certificate chain must contain at least one certificate");
  if (leaf.type !== "CERTIFICATE") return wrong("issued certificate chain must consist entirely of CERTIFICATE PEM blocks");
  const certificate = read(leaf.bytes);
  if (certificate === undefined) return wrong("leaf certificate does not parse as valid X.509");
  const errors = dnsNameFaults(certificate);
  const stub = bytesOf(old.spec.stubPKCS10Request);
  const spki = stub.length > 0 ? stubKey(stub) : bytesOf(old.spec.pkixPublicKey);
  const wanted = spki === undefined ? undefined : publicKey(spki);
  if (wanted === undefined) {
    const [at, what] =
      stub.length > 0 ? [stubPath, "must be a valid PKCS#10 CSR"] : [pkixPath, "must be a valid PKIX-serialized public key"];
    return [...errors, invalidWithoutValue(at, what)];
  }
  if (!certificate.publicKey.equals(wanted)) return [...errors, ...wrong("leaf certificate was not issued to the requested public key")];
  const dates = { notBefore: given.notBefore, notAfter: given.notAfter, beginRefreshAt: given.beginRefreshAt };
  for (const [name, value] of Object.entries(dates)) {
    if (value !== undefined) continue;
    const refresh = "must be present and in the range [notbefore+10min, notafter-10min]";
    errors.push(
      required(status.child(name), name === "beginRefreshAt" ? refresh : "must be present and consistent with the issued certificate"),
    );
  }
  if (errors.length > 0) return errors;
  const fault = lifeFault(certificate, dates as Record<keyof typeof dates, string>, asked.maxExpirationSeconds ?? 0, now);
  if (fault !== undefined) return [fault];
  for (const { type, bytes } of others) {
    if (type !== "CERTIFICATE") return wrong("issued certificate chain must consist entirely of CERTFICATE PEM blocks");
    if (read(bytes) === undefined) return wrong("intermediate certificate does not parse as valid X.509");
  }
  return [];
}

function lifeFault(
  certificate: X509Certificate,
  dates: { readonly notBefore: string; readonly notAfter: string; readonly beginRefreshAt: string },
  maxSeconds: number,
  now: number,
): FieldError | undefined {
  const [begin, end, refresh] = [dates.notBefore, dates.notAfter, dates.beginRefreshAt].map((d) => Date.parse(d)) as [
    number,
    number,
    number,
  ];
  const [from, to] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
  const at = (name: keyof typeof dates, detail: string): FieldError => invalidField(status.child(name), dates[name], detail);
  if (begin !== from) return at("notBefore", "must be set to the NotBefore time encoded in the leaf certificate");
  if (Math.abs(begin - now) >= 5 * minute) return at("notBefore", "must be set to within 5 minutes of kube-apiserver's current time");
  if (end !== to) return at("notAfter", "must be set to the NotAfter time encoded in the leaf certificate");
  // Durations are shown as nanoseconds.
  const life = (to - from) * 1e6;
  if (to - from < 60 * minute) return invalidField(chainPath, life, "leaf certificate lifetime must be >= 1 hour");
  if (to - from > maxSeconds * 1000) {
    return invalidField(chainPath, life, `leaf certificate lifetime must be <= spec.maxExpirationSeconds (${maxSeconds})`);
  }
  if (refresh < begin + 10 * minute) return at("beginRefreshAt", "must be at least 10 minutes after status.notBefore");
  if (refresh > end - 10 * minute) return at("beginRefreshAt", "must be at least 10 minutes before status.notAfter");
  return undefined;
}

function read(bytes: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes);
  } catch {
    return undefined;
  }
}

function dnsNameFaults({ subjectAltName = "" }: X509Certificate): FieldError[] {
  const errors: FieldError[] = [];
  const names = subjectAltName.split(", ").filter((n) => n.startsWith("DNS:"));
  for (const name of names.map((n) => n.slice("DNS:".length))) {
    const wrong = (detail: string): unknown => errors.push(invalidField(chainPath, name, detail));
    if (name === "") wrong("leaf certificate should not contain empty DNSName");
    if (name.includes("..")) wrong("leaf certificate's DNSName should not contain '..'");
    if (name.startsWith(".") || name.endsWith(".")) wrong("leaf certificate's DNSName should not start or end with '.'");
  }
  return errors;
}

export function podCertificateRequests(deps: ResourceDeps): Special {
  return {
    strategy: (base) => ({
      ...base,
      setDefaults: (object) => {
        typed(object).spec.maxExpirationSeconds ??= day;
      },
      validateCreate: (context, object) => [...(base.validateCreate?.(context, object) ?? []), ...createFaults(typed(object))],
      validateUpdate: (context, object, old) => {
        const errors = base.validateUpdate?.(context, object, old) ?? [];
        validateImmutable(typed(object).spec, typed(old).spec, spec, errors);
        return errors;
      },
      selectableFieldNames: ["spec.signerName", "spec.podName", "spec.nodeName"],
      selectableFields: (object) => {
        const { signerName = "", podName = "", nodeName = "" } = typed(object).spec;
        return { "spec.signerName": signerName, "spec.podName": podName, "spec.nodeName": nodeName };
      },
      allowUnconditionalUpdate: false,
    }),
    status: (base) => ({
      ...base,
      validateUpdate: (context, object, old) => {
        const errors = base.validateUpdate?.(context, object, old) ?? [];
        return errors.length > 0 ? errors : statusFaults(typed(object), typed(old), context.now);
      },
      beginUpdate: async (context, object, old) => {
        const { user } = context.request;
        const { signerName } = typed(old).spec;
        if (user === undefined || semanticEqual(typed(object).status ?? {}, typed(old).status ?? {})) return undefined;
        if (await mayUseSigner(deps, user, "sign", signerName)) return undefined;
        const detail = `User ${JSON.stringify(user.name)} is not permitted to "sign" for signer ${JSON.stringify(signerName)}`;
        const about = { group: "certificates.k8s.io", kind: "PodCertificateRequest" };
        throw invalid(about, context.name, [forbiddenField(spec.child("signerName"), detail)]);
      },
      allowUnconditionalUpdate: false,
    }),
  };
}
