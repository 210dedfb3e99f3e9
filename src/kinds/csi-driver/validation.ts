import type { FieldError } from "../../schema/field-error.ts";
import { duplicate, FieldPath, invalidField, notSupported, required } from "../../schema/field-error.ts";
import type { CSIDriver } from "../../schema/types/storage-v1.ts";
import { validateImmutable } from "../object-meta.ts";
import { semanticEqual } from "../semantic-equal.ts";

const path = new FieldPath("spec");

/** The field that upstream names by a name of its own. */
const attachPath = path.child("attachedRequired");

export function validateCsiDriver({ spec }: CSIDriver): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.attachRequired === undefined) errors.push(required(attachPath));
  for (const field of ["podInfoOnMount", "storageCapacity"] as const) {
    if (spec[field] === undefined) errors.push(required(path.child(field)));
  }
  const policies = ["File", "None", "ReadWriteOnceWithFSType"];
  const policy = spec.fsGroupPolicy;
  if (policy !== undefined && !policies.includes(policy)) errors.push(notSupported(path.child("fsGroupPolicy"), policy, policies));
  validateTokens(spec.tokenRequests ?? [], errors);
  for (const mode of spec.volumeLifecycleModes ?? []) {
    const modes = ["Persistent", "Ephemeral"];
    if (!modes.includes(mode)) errors.push(notSupported(path.child("volumeLifecycleModes"), mode, modes));
  }
  if (spec.seLinuxMount === undefined) errors.push(required(path.child("seLinuxMount")));
  const period = spec.nodeAllocatableUpdatePeriodSeconds;
  if (period !== undefined && period < 10) {
    errors.push(invalidField(path.child("nodeAllocatableUpdatePeriodSeconds"), period, "must be greater than or equal to 10 seconds"));
  }
  if (spec.serviceAccountTokenInSecrets !== undefined && !spec.tokenRequests?.length) {
    const why = "serviceAccountTokenInSecrets is set but no tokenRequests are specified";
    errors.push(invalidField(path.child("serviceAccountTokenInSecrets"), spec.serviceAccountTokenInSecrets, why));
  }
  return errors;
}

function validateTokens(requests: NonNullable<CSIDriver["spec"]["tokenRequests"]>, errors: FieldError[]): void {
  const seen = new Set<string>();
  requests.forEach(({ audience, expirationSeconds: seconds }, i) => {
    const at = path.child("tokenRequests").index(i);
    if (seen.has(audience)) {
      errors.push(duplicate(at.child("audience"), audience));
      return;
    }
    seen.add(audience);
    if (seconds === undefined) return;
    const wrong = (why: string): void => void errors.push(invalidField(at.child("expirationSeconds"), seconds, why));
    if (seconds < 600) wrong("may not specify a duration less than 10 minutes");
    if (seconds > 2 ** 32) wrong("may not specify a duration larger than 2^32 seconds");
  });
}

export function validateCsiDriverUpdate(driver: CSIDriver, old: CSIDriver): FieldError[] {
  const errors = validateCsiDriver(driver);
  validateImmutable(driver.spec.attachRequired, old.spec.attachRequired, attachPath, errors);
  const modes = driver.spec.volumeLifecycleModes;
  validateImmutable(modes, old.spec.volumeLifecycleModes, path.child("volumeLifecycleModes"), errors, modes ?? null);
  return errors;
}

/** Tokens that are asked for are better off among secrets (KEP-5538). */
export function csiDriverWarnings({ spec }: CSIDriver, old?: CSIDriver): string[] {
  const { tokenRequests = [], serviceAccountTokenInSecrets } = spec;
  if (tokenRequests.length === 0 || serviceAccountTokenInSecrets !== undefined) return [];
  if (old && semanticEqual(tokenRequests, old.spec.tokenRequests)) return [];
  return [
    "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes",
  ];
}
