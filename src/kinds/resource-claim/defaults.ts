import type { DeviceSubRequest, ExactDeviceRequest, ResourceClaim, ResourceClaimSpec } from "../../schema/types/resource-v1.ts";

/** Fills in a resource claim's defaults, in place. */
export function setResourceClaimDefaults(claim: ResourceClaim): void {
  setResourceClaimSpecDefaults(claim.spec);
}

/** Fills in the defaults of a claim's spec, in place: one device is asked for when no count is given. */
export function setResourceClaimSpecDefaults(spec: ResourceClaimSpec | undefined): void {
  for (const request of spec?.devices?.requests ?? []) {
    if (request.exactly) setRequestDefaults(request.exactly);
    for (const alternative of request.firstAvailable ?? []) setRequestDefaults(alternative);
  }
}

function setRequestDefaults(request: ExactDeviceRequest | DeviceSubRequest): void {
  if (!request.allocationMode) request.allocationMode = "ExactCount";
  if (request.allocationMode === "ExactCount" && !request.count) request.count = 1;
  for (const toleration of request.tolerations ?? []) toleration.operator ||= "Equal";
}
