import { compareQuantities, formatQuantity, subQuantities } from "../../core/quantity.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import type { Pod } from "../../schema/types/core-v1.ts";
import type { ResourceClaim } from "../../schema/types/resource-v1.ts";
import { type Amounts, sum } from "./amounts.ts";
import { countName, type DeviceContext, type QuotaEvaluator } from "./evaluator.ts";
import { isQuotaOfExtendedResource, podUsage } from "./pods.ts";

const count = countName("resource.k8s.io", "resourceclaims");
/** `gpu.deviceclass.resource.k8s.io/devices`. */
const ofClass = ".deviceclass.resource.k8s.io/devices";
const implicit = "requests.deviceclass.resource.kubernetes.io/";
/** The most devices that one claim can be given: what is counted for "all". */
const most = 32;
/** On claims that the scheduler makes for a pod's extended resources. */
export const extendedResourceClaimAnnotation = "resource.kubernetes.io/extended-resource-claim";

/** Claims, and the devices of each class that they may be given. */
export const resourceClaimQuota: QuotaEvaluator = {
  group: "resource.k8s.io",
  resource: "resourceclaims",
  handles: ({ operation, subresource }) => subresource === "" && (operation === "CREATE" || operation === "UPDATE"),
  matching: (asked, { devices }) => asked.filter((name) => name === count || name.endsWith(ofClass) || isDeviceName(name, devices)),
  usage: (object, context) => {
    const claim = object as unknown as ResourceClaim;
    const usage: Amounts = (claim.spec.devices?.requests ?? []).reduce<Amounts>((used, request) => {
      if (request.firstAvailable?.length) return sum(used, worstOf(request.firstAvailable));
      return request.exactly === undefined ? used : sum(used, { [request.exactly.deviceClassName + ofClass]: devicesOf(request.exactly) });
    }, {});
    const counted = { [count]: "1", ...usage };
    return context.devices === undefined ? counted : { ...counted, ...extendedUsage(object, usage, context.devices, context.now) };
  },
};

function isDeviceName(name: string, devices: DeviceContext | undefined): boolean {
  if (devices === undefined) return false;
  if (name.startsWith(implicit) && devices.extendedResourceOf(name.slice(implicit.length)) !== undefined) return true;
  return isQuotaOfExtendedResource(name) && devices.isDevice(name.slice("requests.".length));
}

interface DeviceWish {
  readonly deviceClassName: string;
  readonly allocationMode?: string | undefined;
  readonly count?: number | bigint | undefined;
}

function devicesOf({ allocationMode, count: devices }: DeviceWish): string {
  if (allocationMode === "ExactCount") return String(devices ?? 0);
  return allocationMode === "All" ? String(most) : "0";
}

/** Of alternatives, the most of each class. */
function worstOf(wishes: readonly DeviceWish[]): Amounts {
  const worst: Record<string, string> = {};
  for (const wish of wishes) {
    const name = wish.deviceClassName + ofClass;
    const devices = devicesOf(wish);
    if (compareQuantities(devices, worst[name] ?? "0") > 0) worst[name] = devices;
  }
  return worst;
}

/** The same devices under the names of extended resources, but for those that the claim's pod is charged for already. */
function extendedUsage(claim: UnstructuredObject, usage: Amounts, devices: DeviceContext, now: number): Amounts {
  const ofPod = chargedToPod(claim, devices, now);
  const result: Record<string, string> = {};
  for (const name in usage) {
    const deviceClass = name.endsWith(ofClass) ? name.slice(0, -ofClass.length) : "";
    if (deviceClass === "") continue;
    const resource = devices.extendedResourceOf(deviceClass);
    for (const extended of [implicit + deviceClass, ...(resource === undefined ? [] : [`requests.${resource}`])]) {
      const rest = subQuantities(usage[name] as string, ofPod[extended] ?? "0");
      if (compareQuantities(rest, "0") > 0) result[extended] = formatQuantity(rest);
    }
  }
  return result;
}

/** What the pod is charged for that this claim was made for; nothing when that cannot be made sure of. */
function chargedToPod(object: UnstructuredObject, devices: DeviceContext, now: number): Amounts {
  const claim = object as unknown as ResourceClaim;
  if (claim.metadata?.annotations?.[extendedResourceClaimAnnotation] !== "true") return {};
  const owner = claim.metadata.ownerReferences?.find((o) => o.controller === true);
  const found = owner?.kind === "Pod" && owner.apiVersion === "v1" ? devices.podOf(object) : undefined;
  const pod = found?.pod as unknown as Pod | undefined;
  if (found === undefined || pod === undefined || pod.metadata?.uid !== owner?.uid) return {};
  const named = pod.status?.extendedResourceClaimStatus?.resourceClaimName;
  if (named !== undefined) return named === claim.metadata.name ? podUsage(pod, now) : {};
  // The pod does not say which claim is its own: only the first is believed.
  const born = (c: UnstructuredObject | ResourceClaim): number => Date.parse(c.metadata?.creationTimestamp ?? "") || 0;
  const earlier = found.claims.some(
    (c) => born(c) < born(claim) || (born(c) === born(claim) && (c.metadata?.name ?? "") < (claim.metadata?.name ?? "")),
  );
  return earlier ? {} : podUsage(pod, now);
}
