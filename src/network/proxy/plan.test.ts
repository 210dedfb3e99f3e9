import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice } from "../../schema/types/discovery-v1.ts";
import type { Service } from "../../schema/types/core-v1.ts";
import { commonChains, emptyPlan, planProxy, type ProxyPlan } from "./plan.ts";
import { changes, staleUdp } from "./ruleset.ts";

const web: Service = {
  metadata: { namespace: "a", name: "web" },
  spec: { type: "ClusterIP", clusterIP: "10.1.0.5", clusterIPs: ["10.1.0.5"], ports: [{ name: "http", port: 80, protocol: "TCP" }] },
};
const slice = (addresses: string[], extra: Partial<EndpointSlice> = {}): EndpointSlice => ({
  addressType: "IPv4",
  ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  endpoints: addresses.map((a) => ({
    addresses: [a],
    nodeName: a.endsWith("1") ? "here" : "there",
    conditions: { ready: true, serving: true, terminating: false },
  })),
  ...extra,
});
const plan = (service: Service, slices: EndpointSlice[]): ProxyPlan =>
  planProxy({ nodeName: "here", services: [service], slicesOf: () => slices, local: new Set(), idOf: (e) => e.length });

test("a service sends each connection to one of its endpoints through the chain for their number", () => {
  const p = plan(web, [slice(["10.2.0.1", "10.2.0.2"])]);
  assert.equal(p.maps.services.get("10.1.0.5 . tcp . 80"), "goto r2");
  assert.deepEqual(
    [...p.maps.backends],
    [
      ["10.1.0.5 . tcp . 80 . 0", "10.2.0.1 . 8080"],
      ["10.1.0.5 . tcp . 80 . 1", "10.2.0.2 . 8080"],
    ],
  );
  assert.deepEqual([...p.sets.hairpin], ["10.2.0.1 . 10.2.0.1"]);
});

test("a service without endpoints refuses connections", () => {
  const p = plan(web, []);
  assert.equal(p.maps.services.size, 0);
  assert.equal(p.maps["without-endpoints"].get("10.1.0.5 . tcp . 80"), "goto refuse");
});

test("endpoints that are not ready get nothing, unless all of them are terminating and still serve", () => {
  const s = slice(["10.2.0.1", "10.2.0.2"]);
  s.endpoints = [
    { addresses: ["10.2.0.1"], conditions: { ready: false, serving: false } },
    { addresses: ["10.2.0.2"], conditions: { ready: false, serving: true, terminating: true } },
  ];
  assert.deepEqual([...plan(web, [s]).maps.backends.values()], ["10.2.0.2 . 8080"]);
});

test("with client affinity each endpoint has an id that a client's address is remembered with, for the service's time-out", () => {
  const sticky: Service = {
    ...web,
    spec: { ...web.spec, sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } },
  };
  const p = plan(sticky, [slice(["10.2.0.1", "10.2.0.20"])]);
  assert.equal(p.maps.services.get("10.1.0.5 . tcp . 80"), "goto h2t60");
  assert.equal(p.maps.backends.size, 0);
  assert.deepEqual([...p.maps["sticky-endpoints"].values()], ["10.2.0.1 . 8080", "10.2.0.20 . 8080"]);
  assert.deepEqual([...p.maps["sticky-backends"].values()], [...p.maps["sticky-endpoints"].keys()]);
});

test("a node port masquerades, but with the Local policy it keeps the client's address and uses only endpoints of this node", () => {
  const port: Service = {
    ...web,
    spec: { ...web.spec, type: "NodePort", ports: [{ name: "http", port: 80, nodePort: 30080, protocol: "TCP" }] },
  };
  const slices = [slice(["10.2.0.1", "10.2.0.2"])];
  assert.equal(plan(port, slices).maps.nodeports.get("tcp . 30080"), "goto mnr2");
  const local: Service = { ...port, spec: { ...port.spec, externalTrafficPolicy: "Local" } };
  assert.equal(plan(local, slices).maps.nodeports.get("tcp . 30080"), "goto nr1");
  assert.equal(plan(local, [slice(["10.2.0.2"])]).maps["nodeports-without-endpoints"].get("tcp . 30080"), "drop");
});

test("the difference of two plans touches only what changed, removals first", () => {
  const one = plan(web, [slice(["10.2.0.1", "10.2.0.2"])]);
  const two = plan(web, [slice(["10.2.0.2"])]);
  const text = changes(one, two);
  assert.match(text, /add chain ip tsukube r1/);
  assert.ok(text.indexOf("delete element") < text.indexOf("add element"));
  assert.match(text, /delete element ip tsukube backends \{ 10\.1\.0\.5 \. tcp \. 80 \. 0, 10\.1\.0\.5 \. tcp \. 80 \. 1 \}/);
  assert.equal(changes(two, two), "");
  assert.notEqual(changes(emptyPlan(), one), "");
});

test("connections over UDP to an endpoint that went are forgotten", () => {
  const dns: Service = { ...web, spec: { ...web.spec, ports: [{ name: "http", port: 53, protocol: "UDP" }] } };
  const udp = (a: string[]): EndpointSlice => slice(a, { ports: [{ name: "http", port: 53, protocol: "UDP" }] });
  assert.deepEqual(staleUdp(plan(dns, [udp(["10.2.0.1", "10.2.0.2"])]), plan(dns, [udp(["10.2.0.2"])])), [
    { address: "10.1.0.5", port: "53", backend: "10.2.0.1" },
  ]);
});

test("so are those through a node port, and to an endpoint whose port changed", () => {
  const ports = [{ name: "http", port: 53, nodePort: 30053, protocol: "UDP" }];
  const dns: Service = { ...web, spec: { ...web.spec, type: "NodePort", ports } };
  const at = (port: number): EndpointSlice => slice(["10.2.0.1"], { ports: [{ name: "http", port, protocol: "UDP" }] });
  assert.deepEqual(staleUdp(plan(dns, [at(53)]), plan(dns, [at(5353)])), [
    { address: "10.1.0.5", port: "53", backend: "10.2.0.1" },
    { address: undefined, port: "30053", backend: "10.2.0.1" },
  ]);
  const sticky: Service = { ...dns, spec: { ...dns.spec, sessionAffinity: "ClientIP" } };
  assert.equal(staleUdp(plan(sticky, [at(53)]), plan(sticky, [])).length, 2);
});

test("services and slices that are labelled as another proxy's are left alone", () => {
  const labels = { "service.kubernetes.io/headless": "" };
  const labelled = plan({ ...web, metadata: { ...web.metadata, labels: { "service.kubernetes.io/service-proxy-name": "x" } } }, [
    slice(["10.2.0.1"]),
  ]);
  assert.equal(labelled.maps.services.size + labelled.sets["cluster-ips"].size, 0);
  assert.equal(plan(web, [slice(["10.2.0.1"], { metadata: { labels } })]).maps.services.size, 0);
});

test("the chains of usual services are made beforehand", () => {
  const common = commonChains();
  for (const c of plan({ ...web, spec: { ...web.spec, type: "NodePort", sessionAffinity: "ClientIP" } }, [slice(["10.2.0.1"])]).chains)
    assert.ok(common.has(c), c);
});
