import type { AdmissionPlugin } from "../../apiserver/admission.ts";
import type { Service } from "../../schema/types/core-v1.ts";
import { isAbout, refusal } from "./forbidden.ts";

/** Nobody takes the traffic of an address that is not theirs (CVE-2020-8554); what a Service has, it may keep. */
export function denyServiceExternalIPs(): AdmissionPlugin {
  return {
    name: "DenyServiceExternalIPs",
    handles: (a) => (a.operation === "CREATE" || a.operation === "UPDATE") && isAbout(a, "", "services"),
    validate: (attributes) => {
      const old = new Set((attributes.oldObject as unknown as Service | undefined)?.spec?.externalIPs);
      const { externalIPs = [] } = (attributes.object as unknown as Service).spec ?? {};
      if (externalIPs.some((ip) => !old.has(ip))) throw refusal(attributes, "Use of external IPs is denied by admission control");
    },
  };
}
