import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, Service } from "../../schema/types/core-v1.ts";
import type { EndpointSlice } from "../../schema/types/discovery-v1.ts";
import { planSlices, type ServiceSlicePlan } from "./plan.ts";

const service: Service = {
  metadata: { name: "s", namespace: "n", uid: "su", labels: { app: "a" } },
  spec: { clusterIP: "10.96.0.1", ipFamilies: ["IPv4"], ports: [{ name: "http", port: 80, targetPort: 8080, protocol: "TCP" }] },
};

const pod = (i: number, ready = true, extra: Partial<Pod> = {}): Pod => ({
  metadata: { name: `p${i}`, namespace: "n", uid: `u${i}` },
  spec: { nodeName: "node", containers: [{ name: "c" }] },
  status: {
    phase: "Running",
    podIP: `10.0.${i >> 8}.${i & 255}`,
    podIPs: [{ ip: `10.0.${i >> 8}.${i & 255}` }],
    conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
  },
  ...extra,
});

const pods = (from: number, to: number): Pod[] => Array.from({ length: to - from }, (_, i) => pod(from + i));
const node = () => ({ metadata: { name: "node", labels: { "topology.kubernetes.io/zone": "z1" } } });

function plan(members: Pod[], existing: EndpointSlice[], over: Partial<Service["spec"]> = {}): ServiceSlicePlan {
  return planSlices({ service: { ...service, spec: { ...service.spec, ...over } }, pods: members, existing, node, maxEndpoints: 100 });
}

/** Slices as the server would hold them after a plan. */
function after(existing: EndpointSlice[], p: ServiceSlicePlan): EndpointSlice[] {
  const gone = new Set(p.remove.map((s) => s.metadata?.name));
  const updated = new Map(p.update.map((s) => [s.metadata?.name, s]));
  const kept = existing.filter((s) => !gone.has(s.metadata?.name)).map((s) => updated.get(s.metadata?.name) ?? s);
  return [...kept, ...p.create.map((s, i) => ({ ...s, metadata: { ...s.metadata, name: `s-${existing.length + i}` } }))];
}

const sizes = (slices: readonly EndpointSlice[]) => slices.map((s) => s.endpoints?.length ?? 0);

test("a ready pod becomes an endpoint with its conditions, node, zone and target", () => {
  const [slice] = plan([pod(1)], []).create;
  assert.deepEqual(slice, {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      generateName: "s-",
      namespace: "n",
      labels: { app: "a", "kubernetes.io/service-name": "s", "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io" },
      ownerReferences: [{ apiVersion: "v1", kind: "Service", name: "s", uid: "su", controller: true, blockOwnerDeletion: true }],
    },
    addressType: "IPv4",
    endpoints: [
      {
        addresses: ["10.0.0.1"],
        conditions: { ready: true, serving: true, terminating: false },
        targetRef: { kind: "Pod", namespace: "n", name: "p1", uid: "u1" },
        nodeName: "node",
        zone: "z1",
      },
    ],
    ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  });
});

test("a terminating pod serves without being ready; unready ones are published all the same", () => {
  const going = pod(1, true, { metadata: { name: "p1", namespace: "n", uid: "u1", deletionTimestamp: "2026-01-01T00:00:00Z" } });
  assert.deepEqual(plan([going], []).create[0]?.endpoints?.[0]?.conditions, { ready: false, serving: true, terminating: true });
  assert.deepEqual(plan([pod(1, false)], []).create[0]?.endpoints?.[0]?.conditions, { ready: false, serving: false, terminating: false });
  assert.equal(plan([pod(1, false)], [], { publishNotReadyAddresses: true }).create[0]?.endpoints?.[0]?.conditions?.ready, true);
});

test("a service without pods has one empty slice, which is then left alone and later filled", () => {
  const empty = after([], plan([], []));
  assert.deepEqual(sizes(empty), [0]);
  const again = plan([], empty);
  assert.deepEqual([again.create, again.update, again.remove], [[], [], []]);
  const filled = plan([pod(1)], empty);
  assert.deepEqual([filled.create.length, filled.update.length, filled.remove.length], [0, 1, 0]);
  assert.equal(filled.update[0]?.metadata?.name, "s-0");
});

test("a slice holds a hundred; more go to new ones, and fewer leave the others alone", () => {
  let slices = after([], plan(pods(0, 250), []));
  assert.deepEqual(sizes(slices), [100, 100, 50]);
  const grown = plan(pods(0, 260), slices);
  assert.deepEqual([grown.create.length, grown.update.length, grown.remove.length], [0, 1, 0]);
  slices = after(slices, grown);
  assert.deepEqual(sizes(slices), [100, 100, 60]);
  const shrunk = plan(pods(0, 199), slices);
  assert.deepEqual(sizes(after(slices, shrunk)), [100, 99]);
  assert.deepEqual([shrunk.update.length, shrunk.remove.length], [1, 1]);
});

test("slices that are written anyhow are filled first", () => {
  const slices = after([], plan(pods(0, 200), []));
  const replaced = plan([...pods(1, 200), pod(300)], slices);
  assert.deepEqual([replaced.create.length, replaced.update.length], [0, 1]);
  assert.deepEqual(sizes(after(slices, replaced)), [100, 100]);
});

test("a condition that changes rewrites its slice alone", () => {
  const slices = after([], plan(pods(0, 200), []));
  const changed = plan([pod(0, false), ...pods(1, 200)], slices);
  assert.deepEqual([changed.create.length, changed.update.length, changed.remove.length], [0, 1, 0]);
});

test("a renamed port recycles the slice; changed service labels are carried over", () => {
  const slices = after([], plan([pod(1)], []));
  const renamed = plan([pod(1)], slices, { ports: [{ name: "other", port: 80, targetPort: 8080, protocol: "TCP" }] });
  assert.deepEqual([renamed.create.length, renamed.update.length, renamed.remove.length], [0, 1, 0]);
  const relabelled = planSlices({
    service: { ...service, metadata: { ...service.metadata, labels: { app: "b" } } },
    pods: [pod(1)],
    existing: slices,
    node,
    maxEndpoints: 100,
  });
  assert.equal(relabelled.update[0]?.metadata?.labels?.["app"], "b");
});

test("a headless service is marked; two families make two slices", () => {
  const dual = pod(1, true, { status: { phase: "Running", podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }] } });
  const made = plan([dual], [], { clusterIP: "None", ipFamilies: ["IPv4", "IPv6"] }).create;
  assert.deepEqual(
    made.map((s) => [s.addressType, s.endpoints?.[0]?.addresses]),
    [
      ["IPv4", ["10.0.0.1"]],
      ["IPv6", ["fd00::1"]],
    ],
  );
  assert.equal(made[0]?.metadata?.labels?.["service.kubernetes.io/headless"], "");
});

test("a pod on a node that is unknown is held back and named", () => {
  const held = planSlices({ service, pods: [pod(1)], existing: [], node: () => undefined, maxEndpoints: 100 });
  assert.deepEqual(held.problems, ["skipping Pod p1 for Service n/s: Node node Not Found"]);
  assert.deepEqual(sizes(held.create), [0]);
});

test("traffic distribution becomes hints of ready endpoints", () => {
  const near = plan([pod(1), pod(2, false)], [], { trafficDistribution: "PreferSameNode" }).create[0]?.endpoints ?? [];
  assert.deepEqual(
    near.map((e) => e.hints),
    [{ forZones: [{ name: "z1" }], forNodes: [{ name: "node" }] }, undefined],
  );
});
