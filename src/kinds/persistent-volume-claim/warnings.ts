import type { FieldPath } from "../../schema/field-error.ts";
import { FieldPath as Path } from "../../schema/field-error.ts";
import { quantityMilliValue } from "../../core/quantity.ts";
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from "../../schema/types/core-v1.ts";

const betaStorageClass = "volume.beta.kubernetes.io/storage-class";

/** A warning about a quantity of bytes that is no whole number. */
export function fractionalBytes(quantity: string | undefined, path: FieldPath, warnings: string[]): void {
  if (quantity === undefined || quantityMilliValue(quantity) % 1000 === 0) return;
  warnings.push(`${path.toString()}: fractional byte value ${JSON.stringify(quantity)} is invalid, must be an integer`);
}

export function claimSpecWarnings(spec: PersistentVolumeClaimSpec | undefined, path: FieldPath): string[] {
  const warnings: string[] = [];
  fractionalBytes(spec?.resources?.requests?.["storage"], path.child("resources", "requests").key("storage"), warnings);
  fractionalBytes(spec?.resources?.limits?.["storage"], path.child("resources", "limits").key("storage"), warnings);
  return warnings;
}

export function claimWarnings(claim: PersistentVolumeClaim): string[] {
  const annotations = claim.metadata?.annotations;
  const old = annotations && betaStorageClass in annotations;
  return [
    ...(old ? [`metadata.annotations[${betaStorageClass}]: deprecated since v1.8; use "storageClassName" attribute instead`] : []),
    ...claimSpecWarnings(claim.spec, new Path("spec")),
  ];
}
