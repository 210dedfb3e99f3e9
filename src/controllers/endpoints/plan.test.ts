import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, Service } from "../../schema/types/core-v1.ts";
import { endpointSubsets, planEndpoints, truncateSubsets } from "./plan.ts";

const service: Service = {
  metadata: { name: "s", namespace: "n", labels: { app: "a" } },
  spec: {
    clusterIP: "10.96.0.1",
    ipFamilies: ["IPv4"],
    selector: { app: "a" },
    ports: [{ name: "http", port: 80, targetPort: "web", protocol: "TCP" }],
  },
};

function pod(name: string, ip: string, options: { ready?: boolean; port?: number } = {}): Pod {
  const { ready = true, port = 8080 } = options;
  return {
    metadata: { name, namespace: "n", uid: name },
    spec: { nodeName: "node", containers: [{ name: "c", ports: [{ name: "web", containerPort: port, protocol: "TCP" }] }] },
    status: { phase: "Running", podIP: ip, podIPs: [{ ip }], conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  };
}

const address = (name: string, ip: string) => ({ ip, nodeName: "node", targetRef: { kind: "Pod", namespace: "n", name, uid: name } });

test("ready and unready addresses that serve the same port share a subset", () => {
  assert.deepEqual(endpointSubsets(service, [pod("b", "10.0.0.2"), pod("a", "10.0.0.1"), pod("c", "10.0.0.3", { ready: false })]), [
    {
      addresses: [address("a", "10.0.0.1"), address("b", "10.0.0.2")],
      notReadyAddresses: [address("c", "10.0.0.3")],
      ports: [{ name: "http", port: 8080, protocol: "TCP" }],
    },
  ]);
});

test("pods whose named port is another number get a subset of their own", () => {
  assert.equal(endpointSubsets(service, [pod("a", "10.0.0.1"), pod("b", "10.0.0.2", { port: 9090 })]).length, 2);
});

test("a headless service without ports publishes addresses alone, unready ones too if it says so", () => {
  const headless = { ...service, spec: { clusterIP: "None", publishNotReadyAddresses: true, ipFamilies: ["IPv4"] } };
  assert.deepEqual(endpointSubsets(headless, [pod("a", "10.0.0.1", { ready: false })]), [{ addresses: [address("a", "10.0.0.1")] }]);
  assert.equal(
    planEndpoints({ service: headless, pods: [], present: undefined, since: undefined })?.metadata?.labels?.[
      "service.kubernetes.io/headless"
    ],
    "",
  );
});

test("the family of the service decides which address counts", () => {
  const dual = {
    ...pod("a", "10.0.0.1"),
    status: { phase: "Running", podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }] },
  };
  const six = { ...service, spec: { ...service.spec, ipFamilies: ["IPv6"] } };
  assert.equal(endpointSubsets(six, [dual])[0]?.notReadyAddresses?.[0]?.ip, "fd00::1");
  assert.deepEqual(endpointSubsets(six, [pod("b", "10.0.0.2")]), []);
});

test("what is right already is not written again, whatever its order", () => {
  const pods = [pod("a", "10.0.0.1"), pod("b", "10.0.0.2")];
  const written = planEndpoints({ service, pods, present: undefined, since: "2026-01-01T00:00:00Z" });
  assert.deepEqual(written?.metadata, {
    name: "s",
    namespace: "n",
    labels: { app: "a", "endpoints.kubernetes.io/managed-by": "endpoint-controller" },
    annotations: { "endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:00Z" },
  });
  const [subset] = written.subsets ?? [];
  const shuffled = { ...written, subsets: [{ ports: subset?.ports, addresses: [...(subset?.addresses ?? [])].reverse() }] };
  assert.equal(planEndpoints({ service, pods, present: shuffled, since: undefined }), undefined);
  const next = planEndpoints({ service, pods: pods.slice(1), present: shuffled, since: undefined });
  assert.equal(next?.metadata?.annotations, undefined);
});

test("more than a thousand addresses are cut, ready ones kept first, and marked", () => {
  const addresses = Array.from({ length: 900 }, (_, i) => ({ ip: `10.0.${i >> 8}.${i & 255}` }));
  const [cut] = truncateSubsets([{ addresses, notReadyAddresses: addresses }]);
  assert.equal(cut?.addresses?.length, 900);
  assert.equal(cut.notReadyAddresses?.length, 100);
  const many = Array.from({ length: 1001 }, (_, i) => pod(`p${i}`, `10.1.${i >> 8}.${i & 255}`));
  const written = planEndpoints({ service, pods: many, present: undefined, since: undefined });
  assert.equal(written?.metadata?.annotations?.["endpoints.kubernetes.io/over-capacity"], "truncated");
  assert.equal(planEndpoints({ service, pods: many, present: written, since: undefined }), undefined);
});
