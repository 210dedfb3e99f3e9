import type { Service } from "../../schema/types/core-v1.ts";
import { countName, intersection, type QuotaEvaluator } from "./evaluator.ts";

const count = countName("", "services");
const names = [count, "services", "services.nodeports", "services.loadbalancers"];

/** A service is counted, and the node ports and load balancers that it will take. */
export const serviceQuota: QuotaEvaluator = {
  group: "",
  resource: "services",
  // The type of a service can change.
  handles: ({ operation, subresource }) => subresource === "" && (operation === "CREATE" || operation === "UPDATE"),
  matching: (asked) => intersection(asked, names),
  usage: (object) => {
    const { type, ports = [], allocateLoadBalancerNodePorts } = (object as unknown as Service).spec ?? {};
    const balanced = type === "LoadBalancer";
    let nodePorts = type === "NodePort" || balanced ? ports.length : 0;
    if (balanced && allocateLoadBalancerNodePorts === false) nodePorts = ports.filter((p) => (p.nodePort ?? 0) !== 0).length;
    return { [count]: "1", services: "1", "services.loadbalancers": balanced ? "1" : "0", "services.nodeports": String(nodePorts) };
  },
  frees: (object, old) => chargedType(object as unknown as Service) !== chargedType(old as unknown as Service),
};

function chargedType({ spec }: Service): string {
  return spec?.type === "NodePort" || spec?.type === "LoadBalancer" ? spec.type : "";
}
