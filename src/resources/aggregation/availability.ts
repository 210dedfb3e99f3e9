/** Whether the server behind an APIService can be reached, in upstream's reasons and words. Pure but for the question itself. */
import type { APIService, APIServiceStatus } from "../../schema/types/apiregistration-v1.ts";
import type { Service } from "../../schema/types/core-v1.ts";
import type { EndpointSlice } from "../../schema/types/discovery-v1.ts";

export interface Availability {
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

export function isAvailable(status: APIServiceStatus | undefined): boolean {
  return status?.conditions?.find((c) => c.type === "Available")?.status === "True";
}

export const passed: Availability = { status: "True", reason: "Passed", message: "all checks passed" };

/** What is wrong before anything is asked; undefined: nothing. */
export function obstacle({ spec }: APIService, service: Service | undefined, slices: readonly EndpointSlice[]): Availability | undefined {
  const { namespace = "", name = "", port = 443 } = spec?.service ?? {};
  const named = `service/${name} in ${JSON.stringify(namespace)}`;
  const no = (reason: string, message: string): Availability => ({ status: "False", reason, message });
  if (service === undefined) return no("ServiceNotFound", `${named} is not present`);
  if ((service.spec?.type ?? "ClusterIP") !== "ClusterIP") return undefined;
  const served = service.spec?.ports?.find((p) => p.port === port);
  if (served === undefined) return no("ServicePortError", `${named} is not listening on port ${port}`);
  if (slices.length === 0) return no("EndpointsNotFound", `cannot find endpointslices for ${named}`);
  const portName = served.name ?? "";
  if (slices.some((slice) => isListening(slice, portName))) return undefined;
  return no("MissingEndpoints", `endpointslices for ${named} have no addresses with port name ${JSON.stringify(portName)}`);
}

function isListening(slice: EndpointSlice, portName: string): boolean {
  const ready = (slice.endpoints ?? []).some((e) => e.conditions?.ready !== false);
  return ready && (slice.ports ?? []).some((p) => (p.name ?? "") === portName && p.port !== undefined);
}

/** Everything is in its place, but the server itself did not answer as one. */
export function failedCheck(message: string): Availability {
  return { status: "False", reason: "FailedDiscoveryCheck", message };
}

/** The status with this condition; undefined: it says so already. `now`: RFC 3339. */
export function withAvailability(status: APIServiceStatus | undefined, found: Availability, now: string): APIServiceStatus | undefined {
  const conditions = status?.conditions ?? [];
  const known = conditions.find((c) => c.type === "Available");
  if (known?.status === found.status && known.reason === found.reason && known.message === found.message) return undefined;
  const lastTransitionTime = known?.status === found.status ? known.lastTransitionTime : now;
  const condition = { type: "Available", ...found, ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }) };
  return { ...status, conditions: known === undefined ? [...conditions, condition] : conditions.map((c) => (c === known ? condition : c)) };
}
