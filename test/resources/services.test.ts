import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Client } from "../../src/client/client.ts";
import { mutable } from "../../src/schema/object.ts";
import { namespaces, services, type Service } from "../../src/schema/types/core-v1.ts";
import { ipaddresses } from "../../src/schema/types/networking-v1.ts";
import { ipNumber, ipRange, ipText, scan } from "../../src/resources/services/ip-range.ts";
import { PortAllocator, PortOperation } from "../../src/resources/services/port-allocator.ts";
import { startServer, type TestOptions, type TestServer } from "./server.ts";

async function cluster(options: TestOptions = {}): Promise<TestServer & { services: ReturnType<Client["resource"]> & object }> {
  const at = await startServer(options);
  await at.client.resource(namespaces).create({ metadata: { name: "team" } });
  return Object.assign(at, { services: at.client.resource(services, "team") });
}

const named = (name: string, spec: Service["spec"]): Service => ({
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec },
});

test("the bands of a range are those of KEP-3070", () => {
  const bands = ["10.96.0.0/16", "10.0.0.0/24", "10.0.0.0/28", "10.0.0.0/27", "fd00::/112"].map((cidr) => {
    const range = ipRange(cidr);
    assert.ok(range);
    return [range.first, range.dynamicFirst, range.last].map((n) => ipText(n, range.family)).join(" ");
  });
  assert.deepEqual(bands, [
    "10.96.0.1 10.96.1.1 10.96.255.254",
    "10.0.0.1 10.0.0.17 10.0.0.254",
    "10.0.0.1 10.0.0.1 10.0.0.14",
    "10.0.0.1 10.0.0.17 10.0.0.30",
    "fd00::1 fd00::101 fd00::ffff",
  ]);
});

test("a scan meets every number once, wherever it starts", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (size, random) => {
      const found = [...scan(10n, 10n + BigInt(size), () => random)];
      assert.equal(new Set(found).size, size + 1);
    }),
  );
  assert.equal(ipText(ipNumber("10.96.0.10") ?? 0n, "IPv4"), "10.96.0.10");
});

test("an operation that is not committed leaves the ports as they were", () => {
  const ports = new PortAllocator([30000, 30100]);
  const operation = new PortOperation(ports, false);
  operation.allocate(30001);
  const other = operation.next();
  assert.ok(ports.has(30001) && ports.has(other));
  operation.revert();
  assert.equal(ports.used.size, 0);
  const dry = new PortOperation(ports, true);
  dry.allocate(30002);
  assert.throws(() => dry.allocate(30002), /provided port is already allocated/);
  assert.equal(ports.used.size, 0);
});

test("a port that no service has is free again after two looks", () => {
  const ports = new PortAllocator([30000, 30100]);
  ports.allocate(30005);
  assert.deepEqual(ports.keepOnly(new Set([30001])), []);
  assert.ok(ports.has(30001) && ports.has(30005));
  assert.deepEqual(ports.keepOnly(new Set([30001])), [30005]);
  assert.ok(!ports.has(30005));
});

test("a service gets an address of its own, from the dynamic band, and gives it back", async () => {
  await using at = await cluster();
  const created = await at.client.resource(services, "team").create(named("web", {}));
  const ip = created.spec?.clusterIP ?? "";
  const number = ipNumber(ip) ?? 0n;
  assert.ok(number > (ipNumber("10.96.1.0") ?? 0n));
  assert.deepEqual(created.spec?.clusterIPs, [ip]);
  assert.deepEqual([created.spec?.ipFamilies, created.spec?.ipFamilyPolicy], [["IPv4"], "SingleStack"]);
  const address = await at.client.resource(ipaddresses).get(ip);
  assert.deepEqual(address.spec?.parentRef, { resource: "services", namespace: "team", name: "web" });
  await at.client.resource(services, "team").delete("web");
  await assert.rejects(at.client.resource(ipaddresses).get(ip), { code: 404 });
});

test("an address that is taken, or outside the range, is refused as upstream words it", async () => {
  await using at = await cluster();
  const client = at.client.resource(services, "team");
  await client.create(named("a", { clusterIP: "10.96.0.10" }));
  await assert.rejects(client.create(named("b", { clusterIP: "10.96.0.10" })), {
    code: 422,
    message:
      'Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
  });
  await assert.rejects(client.create(named("c", { clusterIP: "10.97.0.1" })), {
    message:
      'Service "c" is invalid: spec.clusterIPs: Invalid value: ["10.97.0.1"]: failed to allocate IP 10.97.0.1: the provided network does not match the current range',
  });
  await assert.rejects(client.create(named("d", { clusterIP: "10.96.0.0" })), {
    message:
      'Service "d" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.0"]: failed to allocate IP 10.96.0.0: the provided network does not match the current range',
  });
});

test("a full range is no fault of the client's", async () => {
  await using at = await cluster({ deps: { serviceCidrs: ["10.5.0.0/30"] } });
  const client = at.client.resource(services, "team");
  await client.create(named("a", {}));
  await client.create(named("b", {}));
  await assert.rejects(client.create(named("c", {})), {
    code: 500,
    message: 'Internal error occurred: failed to allocate a serviceIP for Service "c": range is full',
  });
});

test("a dry run takes nothing", async () => {
  await using at = await cluster();
  const client = at.client.resource(services, "team");
  const shown = await client.create(named("a", { type: "NodePort", clusterIP: "10.96.0.20" }), { dryRun: true });
  assert.ok((shown.spec?.ports?.[0]?.nodePort ?? 0) >= 30000);
  assert.equal((await at.client.resource(ipaddresses).list()).items.length, 0);
  await client.create(named("b", { clusterIP: "10.96.0.20" }));
});

test("a create that fails after the address was taken gives it back", async () => {
  await using at = await cluster();
  const client = at.client.resource(services, "team");
  await client.create(named("a", { type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] }));
  const before = (await at.client.resource(ipaddresses).list()).items.length;
  await assert.rejects(client.create(named("b", { type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] })), {
    code: 422,
    message: 'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
  });
  await assert.rejects(client.create(named("a", {})), { code: 409 });
  assert.equal((await at.client.resource(ipaddresses).list()).items.length, before);
  await assert.rejects(client.create(named("b", { type: "NodePort", ports: [{ port: 80, nodePort: 29000 }] })), {
    message:
      'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 29000: provided port is not in the valid range. The range of valid ports is 30000-32767',
  });
});

test("node ports come and go with the type, and one port number shares them among protocols", async () => {
  await using at = await cluster();
  const client = at.client.resource(services, "team");
  const ports = [
    { name: "tcp", port: 53, protocol: "TCP" },
    { name: "udp", port: 53, protocol: "UDP" },
  ];
  const created = await client.create(named("dns", { type: "NodePort", ports }));
  const [first, second] = created.spec?.ports ?? [];
  assert.equal(first?.nodePort, second?.nodePort);
  const port = first?.nodePort ?? 0;
  const changed = mutable(created);
  changed.spec = { ...changed.spec, type: "ClusterIP" };
  const plain = await client.update(changed);
  assert.equal(plain.spec?.ports?.[0]?.nodePort, undefined);
  await client.create(named("other", { type: "NodePort", ports: [{ port: 80, nodePort: port }] }));
});

test("an update that leaves out what the server allocated keeps it", async () => {
  await using at = await cluster();
  const client = at.client.resource(services, "team");
  const created = await client.create(named("web", { type: "NodePort" }));
  const updated = await client.update({
    metadata: { name: "web", resourceVersion: created.metadata?.resourceVersion },
    spec: { type: "NodePort", selector: { app: "other" }, ports: [{ port: 80 }] },
  });
  assert.equal(updated.spec?.clusterIP, created.spec?.clusterIP);
  assert.equal(updated.spec?.ports?.[0]?.nodePort, created.spec?.ports?.[0]?.nodePort);
});

test("becoming an external name gives the address back, coming back takes a new one", async () => {
  await using at = await cluster();
  const client = at.client.resource(services, "team");
  const created = mutable(await client.create(named("web", {})));
  const ip = created.spec?.clusterIP ?? "";
  created.spec = { ...created.spec, type: "ExternalName", externalName: "example.com" };
  const external = mutable(await client.update(created));
  assert.equal(external.spec?.clusterIP, undefined);
  await assert.rejects(at.client.resource(ipaddresses).get(ip), { code: 404 });
  external.spec = { type: "ClusterIP", ports: [{ port: 80 }], selector: { app: "web" } };
  const back = await client.update(external);
  assert.ok(back.spec?.clusterIP);
  await at.client.resource(ipaddresses).get(back.spec?.clusterIP ?? "");
});

test("a headless service takes no address; without selector it has both families", async () => {
  await using at = await cluster();
  const client = at.client.resource(services, "team");
  const headless = await client.create(named("a", { clusterIP: "None" }));
  assert.deepEqual(
    [headless.spec?.clusterIPs, headless.spec?.ipFamilies, headless.spec?.ipFamilyPolicy],
    [["None"], ["IPv4"], "SingleStack"],
  );
  const bare = await client.create({ metadata: { name: "b" }, spec: { clusterIP: "None", ports: [{ port: 80 }] } });
  assert.deepEqual([bare.spec?.ipFamilies, bare.spec?.ipFamilyPolicy], [["IPv4", "IPv6"], "RequireDualStack"]);
  assert.equal((await at.client.resource(ipaddresses).list()).items.length, 0);
});

test("two families where the cluster has two, an error where it has one", async () => {
  await using two = await cluster({ deps: { serviceCidrs: ["10.96.0.0/16", "fd00:10:96::/112"] } });
  const dual = await two.client.resource(services, "team").create(named("a", { ipFamilyPolicy: "PreferDualStack" }));
  assert.deepEqual(dual.spec?.ipFamilies, ["IPv4", "IPv6"]);
  assert.equal(dual.spec?.clusterIPs?.length, 2);
  assert.match(dual.spec?.clusterIPs?.[1] ?? "", /^fd00:10:96::/);
  await using one = await cluster();
  await assert.rejects(one.client.resource(services, "team").create(named("a", { ipFamilyPolicy: "RequireDualStack" })), {
    message:
      'Service "a" is invalid: spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
  });
});

test("a load balancer with local traffic gets a health check port", async () => {
  await using at = await cluster();
  const client = at.client.resource(services, "team");
  const created = await client.create(named("lb", { type: "LoadBalancer", externalTrafficPolicy: "Local" }));
  const port = created.spec?.healthCheckNodePort ?? 0;
  assert.ok(port >= 30000 && port <= 32767 && port !== created.spec?.ports?.[0]?.nodePort);
});

test("ports in use are known again after a restart", async () => {
  await using at = await cluster();
  const client = at.client.resource(services, "team");
  const created = await client.create(named("a", { type: "NodePort" }));
  const port = created.spec?.ports?.[0]?.nodePort ?? 0;
  const { ServiceAllocators } = await import("../../src/resources/services/allocators.ts");
  const again = new ServiceAllocators(at.deps);
  await again.ready();
  assert.ok(again.ports.has(port));
});

test("an address object is named by an address", async () => {
  await using at = await cluster();
  const parentRef = { resource: "services", namespace: "team", name: "x" };
  const name = (text: string): Promise<unknown> =>
    at.client.resource(ipaddresses).create({ metadata: { name: text }, spec: { parentRef } });
  await assert.rejects(name("nonsense"), {
    message:
      'IPAddress.networking.k8s.io "nonsense" is invalid: metadata.name: Invalid value: "nonsense": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  });
  await assert.rejects(name("fd00:0::1"), /must be in canonical form \("fd00::1"\)/);
  await name("fd00::1");
});
