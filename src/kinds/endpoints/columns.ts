import type { Endpoints } from "../../schema/types/core-v1.ts";
import { age } from "../age.ts";
import { nameOf, firstOf } from "../cell-text.ts";

export function endpointsCells(endpoints: Endpoints, now: number): unknown[] {
  return [nameOf(endpoints), addressesText(endpoints), age(endpoints, now)];
}

/** The first three addresses, each with its port. */
function addressesText(endpoints: Endpoints): string {
  const { subsets } = endpoints;
  if (subsets === undefined || subsets.length === 0) return "<none>";
  const list = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0 ? addresses.map((a) => a.ip) : ports.flatMap((p) => addresses.map((a) => hostAndPort(a.ip, p.port))),
  );
  return firstOf(list, 3);
}

function hostAndPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
