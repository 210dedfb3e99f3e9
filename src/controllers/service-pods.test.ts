import assert from "node:assert/strict";
import { test } from "node:test";
import { findPort, hasEndpoint, hostnameIn, TriggerTimes } from "./service-pods.ts";

const containers = [{ name: "c", ports: [{ name: "web", containerPort: 8080, protocol: "TCP" }] }];

test("a named port is looked up in containers and sidecars, by protocol", () => {
  const pod = {
    spec: {
      containers,
      initContainers: [{ name: "s", restartPolicy: "Always", ports: [{ name: "side", containerPort: 9, protocol: "UDP" }] }],
    },
  };
  assert.equal(findPort(pod, { port: 80, targetPort: "web", protocol: "TCP" }), 8080);
  assert.equal(findPort(pod, { port: 80, targetPort: "side", protocol: "UDP" }), 9);
  assert.equal(findPort(pod, { port: 80, targetPort: "side", protocol: "TCP" }), undefined);
  assert.equal(findPort(pod, { port: 80, targetPort: 81 }), 81);
});

test("pods without an address or that have finished have no endpoint", () => {
  const status = { podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }] };
  assert.ok(hasEndpoint({ status }, false));
  assert.ok(!hasEndpoint({ status: {} }, true));
  assert.ok(!hasEndpoint({ status: { ...status, phase: "Succeeded" } }, true));
  const going = { status, metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } };
  assert.ok(!hasEndpoint(going, false));
  assert.ok(hasEndpoint(going, true));
});

test("a pod is named under the service that its subdomain names", () => {
  const pod = { metadata: { namespace: "a" }, spec: { containers, hostname: "h", subdomain: "svc" } };
  assert.equal(hostnameIn({ metadata: { name: "svc", namespace: "a" } }, pod), "h");
  assert.equal(hostnameIn({ metadata: { name: "other", namespace: "a" } }, pod), undefined);
});

test("the trigger time is the earliest change since the last write", () => {
  const times = new TriggerTimes();
  const service = { metadata: { name: "s", namespace: "n", creationTimestamp: "2026-01-01T00:00:00Z" } };
  const pod = (name: string, time: string) => ({
    metadata: { name },
    status: { conditions: [{ type: "Ready", status: "True", lastTransitionTime: time }] },
  });
  assert.equal(times.since(service, []), "2026-01-01T00:00:00Z");
  assert.equal(times.since(service, [pod("a", "2026-01-01T00:00:05Z"), pod("b", "2026-01-01T00:00:03Z")]), "2026-01-01T00:00:03Z");
  assert.equal(times.since(service, [pod("a", "2026-01-01T00:00:05Z")]), undefined);
  assert.equal(times.since(service, [pod("a", "2026-01-01T00:00:09Z")]), "2026-01-01T00:00:09Z");
});
