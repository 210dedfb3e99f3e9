import type { APIService } from "../../schema/types/apiregistration-v1.ts";
import type { Kind } from "../kind.ts";
import { keepField, keepMetadata } from "../update-rules.ts";

export const apiServiceWrites: Pick<Kind<APIService>, "prepareForCreate" | "prepareForUpdate" | "prepareForStatusUpdate"> = {
  prepareForCreate(service): void {
    const created = service.metadata?.creationTimestamp;
    const since = created === undefined ? {} : { lastTransitionTime: created };
    // Without a service behind it the group is served by this very process, and so available.
    service.status = service.spec?.service
      ? {}
      : {
          conditions: [{ type: "Available", status: "True", ...since, reason: "Local", message: "Local APIServices are always available" }],
        };
  },
  prepareForUpdate(service, old): void {
    keepField(service, old, "status");
  },
  prepareForStatusUpdate(service, old): void {
    keepField(service, old, "spec");
    keepMetadata(service, old);
  },
};
