import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, Pod, PodSpec } from "../../schema/types/core-v1.ts";
import { computeQosClass } from "./qos.ts";
import { podLimits, podRequestAmounts, podRequests } from "./resources.ts";

function container(name: string, requests: Record<string, string>, more: Partial<Container> = {}): Container {
  return { name, image: "x", resources: { requests }, ...more };
}

function pod(spec: Partial<PodSpec>): Pod {
  return { spec: { containers: [], ...spec } };
}

test("containers are added up; an init container counts alone", () => {
  const containers = [container("a", { cpu: "100m", memory: "1Gi" }), container("b", { cpu: "200m" })];
  assert.deepEqual(podRequests(pod({ containers })), { cpu: "300m", memory: "1Gi" });
  const initContainers = [container("i", { cpu: "1", memory: "512Mi" })];
  assert.deepEqual(podRequests(pod({ containers, initContainers })), { cpu: "1", memory: "1Gi" });
});

test("sidecars run beside the containers, and beside the init containers that follow", () => {
  const sidecar = container("s", { cpu: "100m" }, { restartPolicy: "Always" });
  const containers = [container("a", { cpu: "100m" })];
  assert.deepEqual(podRequests(pod({ containers, initContainers: [sidecar] })), { cpu: "200m" });
  const later = container("i", { cpu: "500m" });
  assert.deepEqual(podRequests(pod({ containers, initContainers: [sidecar, later] })), { cpu: "600m" });
  assert.deepEqual(podRequests(pod({ containers, initContainers: [later, sidecar] })), { cpu: "500m" });
});

test("overhead comes on top, of limits only where there is one", () => {
  const containers = [{ ...container("a", { cpu: "100m" }), resources: { requests: { cpu: "100m" }, limits: { cpu: "1" } } }];
  const it = pod({ containers, overhead: { cpu: "50m", memory: "10Mi" } });
  assert.deepEqual(podRequests(it), { cpu: "150m", memory: "10Mi" });
  assert.deepEqual(podLimits(it), { cpu: "1050m" });
  assert.deepEqual(podRequestAmounts(it), { cpu: 150, memory: 10 * 1024 * 1024 });
});

test("what is asked for the whole pod replaces what its containers ask", () => {
  const containers = [container("a", { cpu: "100m", memory: "1Gi" })];
  assert.deepEqual(podRequests(pod({ containers, resources: { requests: { cpu: "2" } } })), { cpu: "2", memory: "1Gi" });
});

test("quality of service", () => {
  const both = { requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "1", memory: "1Gi" } };
  assert.equal(computeQosClass(pod({ containers: [{ name: "a", image: "x" }] })), "BestEffort");
  assert.equal(computeQosClass(pod({ containers: [container("a", { cpu: "1" })] })), "Burstable");
  assert.equal(computeQosClass(pod({ containers: [{ name: "a", image: "x", resources: both }] })), "Guaranteed");
});
