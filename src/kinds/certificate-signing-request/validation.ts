import type { FieldError } from "../../schema/field-error.ts";
import { duplicate, FieldPath, forbiddenField, invalidField, notSupported, required, tooLong } from "../../schema/field-error.ts";
import { dns1123Label, dns1123Subdomain } from "../../core/names.ts";
import type { CertificateSigningRequest } from "../../schema/types/certificates-v1.ts";
import { byteLength } from "../formats.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { unifiedDiff } from "../unified-diff.ts";

type Condition = NonNullable<NonNullable<CertificateSigningRequest["status"]>["conditions"]>[number];

const path = new FieldPath("spec");
const conditionsPath = new FieldPath("status.conditions");
const certificatePath = new FieldPath("status.certificate");

const knownUsages = [
  "any",
  "cert sign",
  "client auth",
  "code signing",
  "content commitment",
  "crl sign",
  "data encipherment",
  "decipher only",
  "digital signature",
  "email protection",
  "encipher only",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "key agreement",
  "key encipherment",
  "microsoft sgc",
  "netscape sgc",
  "ocsp signing",
  "s/mime",
  "server auth",
  "signing",
  "timestamping",
];

const legacySigner = "kubernetes.io/legacy-unknown";

export function validateSigningRequest(request: CertificateSigningRequest, old?: CertificateSigningRequest): FieldError[] {
  const errors: FieldError[] = [];
  const { spec, status } = request;
  if (!/^-----BEGIN CERTIFICATE REQUEST-----/m.test(textOf(spec.request))) {
    errors.push(invalidField(path.child("request"), spec.request ?? null, "PEM block type must be CERTIFICATE REQUEST"));
  }
  validateUsages(spec.usages ?? [], old?.spec.usages ?? [], errors);
  const at = path.child("signerName");
  if (spec.signerName !== legacySigner || old?.spec.signerName === legacySigner) validateSignerName(spec.signerName, at, errors);
  else errors.push(invalidField(at, spec.signerName, "the legacy signerName is not allowed via this API version"));
  const seconds = spec.expirationSeconds;
  if (seconds !== undefined && seconds < 600) {
    errors.push(invalidField(path.child("expirationSeconds"), seconds, "may not specify a duration less than 600 seconds (10 minutes)"));
  }
  validateConditions(status?.conditions ?? [], old?.status?.conditions ?? [], errors);
  const certificate = status?.certificate ?? "";
  const before = old?.status?.certificate ?? "";
  const kept = old !== undefined && (certificate === before || certificateFault(before) !== undefined);
  const fault = kept ? undefined : certificateFault(certificate);
  if (fault !== undefined) errors.push(invalidField(certificatePath, "<certificate data>", fault));
  return errors;
}

function textOf(base64: string | undefined): string {
  return Buffer.from(base64 ?? "", "base64").toString("latin1");
}

/** What is wrong with a certificate's PEM; the certificate in it is not read. */
function certificateFault(base64: string): string | undefined {
  if (base64 === "") return undefined;
  const types = Array.from(textOf(base64).matchAll(/^-----BEGIN ([^-]+)-----\n[^-]*-----END \1-----/gm), (m) => m[1] ?? "");
  const other = types.find((t) => t !== "CERTIFICATE");
  if (other !== undefined) return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(other)}`;
  return types.length === 0 ? "must contain at least one CERTIFICATE PEM block" : undefined;
}

function validateUsages(usages: readonly string[], before: readonly string[], errors: FieldError[]): void {
  const at = path.child("usages");
  if (usages.length === 0) errors.push(required(at));
  const hasUnknown = (list: readonly string[]): boolean => list.some((u) => !knownUsages.includes(u));
  if (!hasUnknown(before)) {
    usages.forEach((usage, i) => {
      if (!knownUsages.includes(usage)) errors.push(notSupported(at.index(i), usage, knownUsages));
    });
  }
  if (new Set(before).size < before.length) return;
  usages.forEach((usage, i) => {
    if (usages.indexOf(usage) < i) errors.push(duplicate(at.index(i), usage));
  });
}

/** `example.com/name`. */
export function validateSignerName(name: string, at: FieldPath, errors: FieldError[]): void {
  if (!name) {
    errors.push(required(at));
    return;
  }
  const [domain = "", signer, ...more] = name.split("/");
  if (signer === undefined || more.length > 0) {
    errors.push(invalidField(at, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"));
    return;
  }
  if (byteLength(domain) > 253) errors.push(tooLong(at, 253));
  const firstFault = (text: string, check: (label: string) => string[]): void => {
    const label = text.split(".").find((l) => check(l).length > 0);
    if (label === undefined) return;
    for (const message of check(label)) errors.push(invalidField(at, text, `validating label ${JSON.stringify(label)}: ${message}`));
  };
  firstFault(domain, dns1123Label);
  if (!domain.includes(".")) errors.push(invalidField(at, domain, "should be a domain with at least two segments separated by dots"));
  firstFault(signer, dns1123Subdomain);
  if (byteLength(name) > 571) errors.push(tooLong(at, 571));
}

const verdicts = ["Approved", "Denied", "Failed"];

function validateConditions(conditions: readonly Condition[], before: readonly Condition[], errors: FieldError[]): void {
  const types = before.map((c) => c.type);
  const looseTypes = types.includes("");
  const looseVerdict = types.includes("Approved") && types.includes("Denied");
  const looseCount = new Set(types).size < types.length;
  const seen = new Set<string>();
  conditions.forEach(({ type, status }, i) => {
    const at = conditionsPath.index(i);
    if (!type && !looseTypes) errors.push(required(at.child("type")));
    const allowed = verdicts.includes(type) ? ["True"] : ["False", "True", "Unknown"];
    if (!status) errors.push(required(at.child("status")));
    else if (!allowed.includes(status)) errors.push(notSupported(at.child("status"), status, allowed));
    const opposite = type === "Approved" ? "Denied" : type === "Denied" ? "Approved" : undefined;
    if (opposite !== undefined && seen.has(opposite) && !looseVerdict) {
      errors.push(invalidField(conditionsPath, type, "Approved and Denied conditions are mutually exclusive", "zeroOrOneOf"));
    }
    if (seen.has(type) && !looseCount) errors.push(duplicate(at.child("type"), type));
    seen.add(type);
  });
}

/** Which parts of the status a write may touch. */
interface Rights {
  readonly verdict?: boolean;
  readonly certificate?: boolean;
}

export function validateSigningRequestUpdate(
  request: CertificateSigningRequest,
  old: CertificateSigningRequest,
  rights: Rights = {},
): FieldError[] {
  const errors = validateSigningRequest(request, old);
  const of = (from: CertificateSigningRequest, type: string): Condition[] => (from.status?.conditions ?? []).filter((c) => c.type === type);
  for (const type of verdicts) {
    if (of(request, type).length < of(old, type).length) {
      errors.push(forbiddenField(conditionsPath, `updates may not remove a condition of type "${type}"`));
    }
  }
  for (const type of rights.verdict === true ? [] : ["Approved", "Denied"]) {
    const now = of(request, type);
    const before = of(old, type);
    if (now.length > before.length) errors.push(forbiddenField(conditionsPath, `updates may not add a condition of type "${type}"`));
    else if (now.length === before.length && !semanticEqual(now, before)) {
      const difference = unifiedDiff(JSON.stringify(before, null, 2), JSON.stringify(now, null, 2));
      errors.push(forbiddenField(conditionsPath, `updates may not modify a condition of type "${type}"\n${difference}`));
    }
  }
  const certificate = request.status?.certificate ?? "";
  const before = old.status?.certificate ?? "";
  if (certificate !== before) {
    if (rights.certificate !== true) errors.push(forbiddenField(certificatePath, "updates may not set certificate content"));
    else if (before !== "") errors.push(forbiddenField(certificatePath, "updates may not modify existing certificate content"));
  }
  return errors;
}
