import type { APIService } from "../../schema/types/apiregistration-v1.ts";

/** Fills in an API service's defaults, in place. */
export function setApiServiceDefaults(service: APIService): void {
  if (service.spec?.service) service.spec.service.port ??= 443;
}
