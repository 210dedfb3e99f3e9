/** Trust anchors under a name (KEP-3257): each must be an authority, none may be there twice. */
import { X509Certificate } from "node:crypto";
import { pemBlocks, type PemBlock } from "../host/pem.ts";
import { readCertificate } from "../host/x509.ts";
import { validateSignerName } from "../kinds/certificate-signing-request/validation.ts";
import { byteLength, nameIsDnsSubdomain } from "../kinds/formats.ts";
import { validateImmutable, validateObjectMetaUpdate } from "../kinds/object-meta.ts";
import { type FieldError, FieldPath, invalidField, tooLong } from "../schema/field-error.ts";
import type { UnstructuredObject } from "../schema/object.ts";
import type { ClusterTrustBundle } from "../schema/types/certificates-v1beta1.ts";
import type { Special } from "./special.ts";
import { createErrors } from "./strategy/from-kind.ts";

const maxSize = 1024 * 1024;
const signerPath = new FieldPath("spec.signerName");
const bundlePath = new FieldPath("spec.trustBundle");

const typed = (object: UnstructuredObject): ClusterTrustBundle => object as unknown as ClusterTrustBundle;

/** Bundles of a signer are named after it. */
function nameRule(signer: string): (name: string, prefix: boolean) => string[] {
  return (name, prefix) => {
    if (signer === "") {
      return name.includes(":")
        ? ['ClusterTrustBundle without signer name must not have ":" in its name']
        : nameIsDnsSubdomain(name, prefix);
    }
    const wanted = `${signer.replaceAll("/", ":")}:`;
    if (!name.startsWith(wanted)) return [`ClusterTrustBundle for signerName ${signer} must be named with prefix ${wanted}`];
    return nameIsDnsSubdomain(name.slice(wanted.length), prefix);
  };
}

function entryFault({ type, hasHeaders, bytes }: PemBlock, at: number): string | undefined {
  if (type !== "CERTIFICATE") return `entry ${at} has bad block type: ${type}`;
  if (hasHeaders) return `entry ${at} has PEM block headers`;
  try {
    return readCertificate(new X509Certificate(bytes)).isCa ? undefined : `entry ${at} does not have the CA bit set`;
  } catch {
    return `entry ${at} does not parse as X.509`;
  }
}

function bundleFaults(bundle: string): FieldError[] {
  if (byteLength(bundle) > maxSize) return [tooLong(bundlePath, maxSize)];
  const fault = (detail: string): FieldError => invalidField(bundlePath, "<value omitted>", detail);
  const blocks = pemBlocks(bundle);
  const faults = blocks.map(entryFault).filter((f) => f !== undefined);
  if (faults.length > 0) return faults.map(fault);
  if (blocks.length === 0) return [fault("at least one trust anchor must be provided")];
  const indices = new Map<string, number[]>();
  blocks.forEach(({ bytes }, i) => {
    const key = bytes.toString("base64");
    indices.set(key, [...(indices.get(key) ?? []), i]);
  });
  return [...indices.values()].filter((at) => at.length > 1).map((at) => fault(`duplicate trust anchor (indices [${at.join(" ")}])`));
}

function faultsOf(object: UnstructuredObject, withBundle: boolean): FieldError[] {
  const { signerName = "", trustBundle = "" } = typed(object).spec;
  const errors = createErrors(undefined, object, false, nameRule(signerName));
  if (signerName !== "") validateSignerName(signerName, signerPath, errors);
  return withBundle ? [...errors, ...bundleFaults(trustBundle)] : errors;
}

export const clusterTrustBundles: Special = {
  strategy: (base) => ({
    ...base,
    validateName: () => [],
    validateCreate: (_context, object) => faultsOf(object, true),
    validateUpdate: (_context, object, old) => {
      // What is there already may stay, however it is read today.
      const errors = faultsOf(object, typed(object).spec.trustBundle !== typed(old).spec.trustBundle);
      errors.push(...validateObjectMetaUpdate(object.metadata, old.metadata));
      validateImmutable(typed(object).spec.signerName ?? "", typed(old).spec.signerName ?? "", signerPath, errors);
      return errors;
    },
    selectableFieldNames: ["spec.signerName"],
    selectableFields: (object) => ({ "spec.signerName": typed(object).spec.signerName ?? "" }),
    allowUnconditionalUpdate: false,
  }),
};
