import { canonicalQuantity, compareQuantities, quantityValue } from "../../core/quantity.ts";
import type { PersistentVolumeClaim } from "../../schema/types/core-v1.ts";
import { countName, type QuotaEvaluator } from "./evaluator.ts";
import { selects } from "./scopes.ts";

const count = countName("", "persistentvolumeclaims");
const names = ["persistentvolumeclaims", "requests.storage"];
/** `gold.storageclass.storage.k8s.io/requests.storage`. */
const ofClass = ".storageclass.storage.k8s.io/";

/** Claims and their storage, in all and of each storage class; by volume attributes class as a scope (KEP-3751). */
export const persistentVolumeClaimQuota: QuotaEvaluator = {
  group: "",
  resource: "persistentvolumeclaims",
  handles: ({ operation, subresource }) =>
    subresource === "" ? operation === "CREATE" || operation === "UPDATE" : subresource === "status",
  matching: (asked) => asked.filter((name) => name === count || names.includes(name) || names.some((n) => name.endsWith(ofClass + n))),
  inScope: (scope, object) => {
    if (scope.scopeName !== "VolumeAttributesClass") return false;
    const classes = attributesClasses(object as unknown as PersistentVolumeClaim);
    if (scope.operator === "Exists") return classes.length > 0;
    return classes.length === 0 ? selects(scope, undefined) : classes.some((name) => selects(scope, name));
  },
  usage: (object) => {
    const claim = object as unknown as PersistentVolumeClaim;
    const usage: Record<string, string> = { persistentvolumeclaims: "1", [count]: "1" };
    const storageClass = claim.metadata?.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? claim.spec?.storageClassName ?? "";
    if (storageClass !== "") usage[`${storageClass}${ofClass}persistentvolumeclaims`] = "1";
    const storage = storageOf(claim);
    if (storage === undefined) return usage;
    usage["requests.storage"] = storage;
    if (storageClass !== "") usage[`${storageClass}${ofClass}requests.storage`] = storage;
    return usage;
  },
  // Upstream compares pointers here, so that every update counts.
  frees: () => true,
};

/** What is asked for, or what a growing volume already has when that is more; whole bytes. */
function storageOf(claim: PersistentVolumeClaim): string | undefined {
  const asked = claim.spec?.resources?.requests?.["storage"];
  if (asked === undefined) return undefined;
  const allocated = claim.status?.allocatedResources?.["storage"];
  return whole(allocated !== undefined && compareQuantities(allocated, asked) > 0 ? allocated : asked);
}

function whole(quantity: string): string {
  const bytes = quantityValue(quantity);
  return compareQuantities(String(bytes), quantity) === 0 ? quantity : canonicalQuantity(String(bytes));
}

/** Every volume attributes class that the claim has, had, or is to have. */
function attributesClasses({ spec, status }: PersistentVolumeClaim): string[] {
  const all = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return all.filter((name): name is string => Boolean(name));
}
