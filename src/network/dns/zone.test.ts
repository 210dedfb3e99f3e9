import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice } from "../../schema/types/discovery-v1.ts";
import type { Service } from "../../schema/types/core-v1.ts";
import { lookUp, type RecordType, type ZoneAnswer, type ZoneSource } from "./zone.ts";

const services: Service[] = [
  {
    metadata: { namespace: "a", name: "web" },
    spec: { clusterIP: "10.1.0.5", clusterIPs: ["10.1.0.5"], ports: [{ name: "http", port: 80, protocol: "TCP" }] },
  },
  {
    metadata: { namespace: "a", name: "db" },
    spec: { clusterIP: "None", clusterIPs: ["None"], ports: [{ name: "sql", port: 5432, protocol: "TCP" }] },
  },
  { metadata: { namespace: "a", name: "out" }, spec: { type: "ExternalName", externalName: "example.com" } },
];
const slices: EndpointSlice[] = [
  {
    metadata: { namespace: "a", name: "db-1", labels: { "kubernetes.io/service-name": "db" } },
    addressType: "IPv4",
    ports: [{ name: "sql", port: 5432, protocol: "TCP" }],
    endpoints: [
      { addresses: ["10.2.0.1"], hostname: "db-0", conditions: { ready: true } },
      { addresses: ["10.2.0.2"], conditions: { ready: true } },
      { addresses: ["10.2.0.3"], conditions: { ready: false } },
    ],
  },
];
const source: ZoneSource = {
  service: (ns, n) => services.find((s) => s.metadata?.namespace === ns && s.metadata.name === n),
  slices: (ns, n) => slices.filter((s) => s.metadata?.namespace === ns && s.metadata.labels?.["kubernetes.io/service-name"] === n),
  namespaceExists: (ns) => ns === "a",
  servicesAt: (a) => services.filter((s) => s.spec?.clusterIP === a),
  slicesAt: (a) => slices.filter((s) => s.endpoints?.some((e) => e.addresses.includes(a))),
};
const ask = (name: string, type: RecordType): ZoneAnswer | undefined => lookUp(source, "cluster.local", name, type);
const data = (name: string, type: RecordType): unknown[] => ask(name, type)?.records.map((r) => r.data) ?? [];

test("a service's name is its cluster address", () => {
  assert.deepEqual(data("web.a.svc.cluster.local", "A"), ["10.1.0.5"]);
  const six = ask("web.a.svc.cluster.local", "AAAA");
  assert.equal(six?.exists, true);
  assert.deepEqual(six?.records, []);
});

test("names that are not there do not exist, and names above them have no data", () => {
  assert.equal(ask("nope.a.svc.cluster.local", "A")?.exists, false);
  assert.equal(ask("web.b.svc.cluster.local", "A")?.exists, false);
  assert.equal(ask("a.svc.cluster.local", "A")?.exists, true);
  assert.equal(ask("example.com", "A"), undefined);
});

test("a headless service is its ready endpoints, each under its host name or dashed address", () => {
  assert.deepEqual(data("db.a.svc.cluster.local", "A"), ["10.2.0.1", "10.2.0.2"]);
  assert.deepEqual(data("db-0.db.a.svc.cluster.local", "A"), ["10.2.0.1"]);
  assert.deepEqual(data("10-2-0-2.db.a.svc.cluster.local", "A"), ["10.2.0.2"]);
});

test("named ports are found as SRV records, with addresses beside them", () => {
  assert.deepEqual(data("_http._tcp.web.a.svc.cluster.local", "SRV"), [
    { priority: 0, weight: 100, port: 80, target: "web.a.svc.cluster.local" },
  ]);
  const sql = ask("_sql._tcp.db.a.svc.cluster.local", "SRV");
  assert.deepEqual(
    sql?.records.map((r) => (r.type === "SRV" ? r.data.target : "")),
    ["db-0.db.a.svc.cluster.local", "10-2-0-2.db.a.svc.cluster.local"],
  );
  assert.equal(sql?.additional.length, 2);
});

test("an external name is an alias that is followed", () => {
  const answer = ask("out.a.svc.cluster.local", "A");
  assert.equal(answer?.follow, "example.com");
  assert.deepEqual(data("out.a.svc.cluster.local", "CNAME"), ["example.com"]);
});

test("addresses are looked up in reverse: services and endpoints of headless services", () => {
  assert.deepEqual(data("5.0.1.10.in-addr.arpa", "PTR"), ["web.a.svc.cluster.local"]);
  assert.deepEqual(data("1.0.2.10.in-addr.arpa", "PTR"), ["db-0.db.a.svc.cluster.local"]);
  assert.equal(ask("9.9.9.9.in-addr.arpa", "PTR"), undefined);
});

test("a pod's dashed address is a name in an existing namespace", () => {
  assert.deepEqual(data("10-2-0-1.a.pod.cluster.local", "A"), ["10.2.0.1"]);
  assert.equal(ask("10-2-0-1.b.pod.cluster.local", "A")?.exists, false);
});

test("the version of the specification is told", () => {
  assert.deepEqual(data("dns-version.cluster.local", "TXT"), ["1.1.0"]);
});
