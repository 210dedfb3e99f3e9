import type { ResourceClaim } from "../../schema/types/resource-v1.ts";

interface AllocatedDevice {
  readonly driver?: string | undefined;
  readonly pool?: string | undefined;
  readonly device?: string | undefined;
  readonly shareID?: string | undefined;
}

const idOf = ({ driver, pool, device, shareID }: AllocatedDevice): string => JSON.stringify([driver, pool, device, shareID]);

/** What was told of devices that the claim had and has no longer goes with them, though the client may not know of it. */
export function dropReleasedDevices(claim: ResourceClaim, old: ResourceClaim): void {
  const devices = claim.status?.devices;
  if (!claim.status || !devices) return;
  const released = new Set((old.status?.allocation?.devices?.results ?? []).map(idOf));
  for (const result of claim.status.allocation?.devices?.results ?? []) released.delete(idOf(result));
  const kept = devices.filter((d) => !released.has(idOf(d)));
  if (kept.length > 0) claim.status.devices = kept;
  else delete claim.status.devices;
}
