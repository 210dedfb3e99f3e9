import type { Lease } from "../../schema/types/coordination-v1.ts";
import type { Kind } from "../kind.ts";

/** Coordinated leader election (KEP-4355) is off: its fields are dropped unless they are in use already. */
export const leaseWrites: Pick<Kind<Lease>, "prepareForCreate" | "prepareForUpdate"> = {
  prepareForCreate: (lease) => dropCoordination(lease, undefined),
  prepareForUpdate: dropCoordination,
};

function dropCoordination(lease: Lease, old: Lease | undefined): void {
  if (!lease.spec) return;
  if (old?.spec?.strategy === undefined) delete lease.spec.strategy;
  if (old?.spec?.preferredHolder === undefined) delete lease.spec.preferredHolder;
}
