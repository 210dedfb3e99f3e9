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

it("lets pods change only the kernel settings that are theirs alone", () => {
  const asks = (name: string, spec: Partial<PodSpec> = {}, kernelVersion = "6.1.0"): string | undefined => {
    const nodeInfo = { kernelVersion } as NonNullable<NonNullable<Node["status"]>["nodeInfo"]>;
    const own: Node = { ...node, status: { ...node.status, nodeInfo } };
    const verdict = refusal(pod({ securityContext: { sysctls: [{ name, value: "1" }] }, ...spec }), [], own);
    return verdict && `${verdict.reason}: ${verdict.message}`;
  };
  assert.equal(asks("kernel.shm_rmid_forced"), undefined);
  assert.equal(asks("kernel/shm_rmid_forced"), undefined);
  assert.equal(asks("kernel.msgmax"), 'SysctlForbidden: forbidden sysctl: "kernel.msgmax" not allowlisted');
  assert.equal(asks("net.ipv4.tcp_rmem", {}, "4.14.1"), 'SysctlForbidden: forbidden sysctl: "net.ipv4.tcp_rmem" not allowlisted');
  assert.equal(
    asks("net.ipv4.tcp_syncookies", { hostNetwork: true }),
    'SysctlForbidden: forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host Net enabled',
  );
});
