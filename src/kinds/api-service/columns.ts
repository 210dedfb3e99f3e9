import type { APIService } from "../../schema/types/apiregistration-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function apiServiceCells(service: APIService, now: number): unknown[] {
  const { service: behind } = service.spec ?? {};
  const place = behind === undefined ? "Local" : `${behind.namespace ?? ""}/${behind.name ?? ""}`;
  const condition = service.status?.conditions?.find((c) => c.type === "Available");
  const reason = condition === undefined || condition.status === "True" ? "" : (condition.reason ?? "");
  const available = condition === undefined ? "Unknown" : condition.status + (reason === "" ? "" : ` (${reason})`);
  return [nameOf(service), place, available, age(service, now)];
}
