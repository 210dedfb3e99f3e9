import assert from "node:assert/strict";
import { it } from "node:test";
import type { Node, Pod, PodSpec } from "../schema/types/core-v1.ts";
import { refusal } from "./admission.ts";

const node: Node = {
  metadata: { name: "node-1", labels: { disk: "ssd" } },
  spec: {
    taints: [
      { key: "gone", effect: "NoExecute" },
      { key: "busy", effect: "NoSchedule" },
    ],
  },
  status: { allocatable: { cpu: "1", memory: "1Gi", pods: "3" } },
};

function pod(spec: Partial<PodSpec> = {}, cpu = "100m"): Pod {
  const tolerations = [{ key: "gone", operator: "Exists" }];
  return {
    metadata: { name: "p" },
    spec: {
      containers: [{ name: "a", resources: { requests: { cpu } }, ports: [{ containerPort: 80, hostPort: 8080 }] }],
      tolerations,
      ...spec,
    },
  };
}

const quiet = (cpu = "100m"): Pod => pod({ containers: [{ name: "a", resources: { requests: { cpu } } }] });

it("a node refuses what it has no room for, in the kubelet's words", () => {
  assert.equal(refusal(quiet(), [quiet("900m")], node), undefined);
  assert.deepEqual(refusal(quiet("200m"), [quiet("900m")], node), {
    reason: "OutOfcpu",
    message: "Node didn't have enough resource: cpu, requested: 200, used: 900, capacity: 1000",
  });
  assert.equal(refusal(quiet(), [quiet(), quiet(), quiet()], node)?.reason, "OutOfpods");
});

it("a node refuses what it does not fit", () => {
  assert.equal(
    refusal(pod({ nodeSelector: { disk: "hdd" } }), [], node)?.message,
    "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  );
  assert.equal(refusal(pod({ nodeSelector: { disk: "ssd" } }), [], node), undefined);
  assert.equal(refusal(pod(), [pod()], node)?.reason, "NodePorts");
  assert.equal(refusal(pod({ tolerations: [] }), [], node)?.reason, "TaintToleration");
  assert.equal(refusal(pod({ os: { name: "windows" } }), [], node)?.reason, "PodOSNotSupported");
});
