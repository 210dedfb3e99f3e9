import assert from "node:assert/strict";
import { test } from "node:test";
import { admissionChain } from "../../src/resources/admission/index.ts";
import { ensureBootstrapObjects } from "../../src/resources/bootstrap.ts";
import { startServerLoops } from "../../src/resources/loops/index.ts";
import { leases } from "../../src/schema/types/coordination-v1.ts";
import { endpoints, namespaces, services } from "../../src/schema/types/core-v1.ts";
import { endpointslices } from "../../src/schema/types/discovery-v1.ts";
import { flowschemas } from "../../src/schema/types/flowcontrol-v1.ts";
import { ipaddresses, servicecidrs } from "../../src/schema/types/networking-v1.ts";
import { clusterrolebindings, clusterroles } from "../../src/schema/types/rbac-v1.ts";
import { formatMicroTime } from "../../src/core/clock.ts";
import { mutable } from "../../src/schema/object.ts";
import { FakeClock, startServer } from "./server.ts";

test("an empty cluster gets its namespaces, roles, bindings, classes and ranges", async () => {
  await using at = await startServer({ admission: admissionChain });
  await ensureBootstrapObjects(at.client);
  const names = async (list: Promise<{ items: { metadata?: { name?: string | undefined } | undefined }[] }>): Promise<number> =>
    (await list).items.length;
  assert.equal(await names(at.client.resource(namespaces).list()), 4);
  assert.equal(await names(at.client.resource(clusterroles).list()), 69);
  assert.equal(await names(at.client.resource(clusterrolebindings).list()), 50);
  assert.equal(await names(at.client.resource(flowschemas).list()), 11);
  const cidr = await at.client.resource(servicecidrs).get("kubernetes");
  assert.equal(cidr.status?.conditions?.[0]?.status, "True");
});

test("a second pass writes nothing", async () => {
  await using at = await startServer({ admission: admissionChain });
  await ensureBootstrapObjects(at.client);
  const before = (await at.client.resource(namespaces).list()).metadata.resourceVersion;
  await ensureBootstrapObjects(at.client);
  assert.equal((await at.client.resource(namespaces).list()).metadata.resourceVersion, before);
});

test("what an administrator took away comes back, what was added stays, what is protected is left alone", async () => {
  await using at = await startServer({ admission: admissionChain });
  await ensureBootstrapObjects(at.client);
  const roles = at.client.resource(clusterroles);
  const own = { verbs: ["get"], apiGroups: ["example.com"], resources: ["things"] };
  await roles.update({ ...mutable(await roles.get("system:basic-user")), rules: [own] });
  const locked = mutable(await roles.get("system:discovery"));
  const annotations = { ...locked.metadata?.annotations, "rbac.authorization.kubernetes.io/autoupdate": "false" };
  await roles.update({ ...locked, metadata: { ...locked.metadata, annotations }, rules: [] });
  await ensureBootstrapObjects(at.client);
  const rules = (await roles.get("system:basic-user")).rules ?? [];
  assert.deepEqual(rules[0], own);
  assert.ok(rules.length > 1);
  assert.deepEqual((await roles.get("system:discovery")).rules ?? [], []);
});

test("the server keeps the kubernetes Service and its endpoints", async () => {
  const clock = new FakeClock();
  await using at = await startServer({ admission: admissionChain, clock, deps: { serviceCidrs: ["10.97.0.0/16"] } });
  await ensureBootstrapObjects(at.client, { serviceCidrs: ["10.97.0.0/16"], clock });
  const loops = await startServerLoops(at.deps, { advertiseAddress: "192.168.7.1", port: 6443, identity: "a" });
  const service = await at.client.resource(services, "default").get("kubernetes");
  assert.equal(service.spec?.clusterIP, "10.97.0.1");
  assert.deepEqual(service.spec?.ports, [{ name: "https", port: 443, protocol: "TCP", targetPort: 6443 }]);
  assert.equal((await at.client.resource(ipaddresses).get("10.97.0.1")).spec?.parentRef?.name, "kubernetes");
  const slice = await at.client.resource(endpointslices, "default").get("kubernetes");
  assert.deepEqual(slice.endpoints, [{ addresses: ["192.168.7.1"], conditions: { ready: true } }]);

  await clock.advance(1000);
  const [exempt] = (await at.client.resource(flowschemas).get("exempt")).status?.conditions ?? [];
  assert.deepEqual([exempt?.type, exempt?.status, exempt?.reason], ["Dangling", "False", "Found"]);

  const other = await startServerLoops(at.deps, { advertiseAddress: "192.168.7.2", port: 6443, identity: "b" });
  const ips = async (): Promise<(string | undefined)[]> =>
    ((await at.client.resource(endpoints, "default").get("kubernetes")).subsets ?? []).flatMap((s) => (s.addresses ?? []).map((a) => a.ip));
  assert.deepEqual(await ips(), ["192.168.7.1", "192.168.7.2"]);
  await other.stop();
  assert.deepEqual(await ips(), ["192.168.7.1"]);

  await at.client.resource(services, "default").delete("kubernetes");
  await clock.advance(10_000);
  assert.equal((await at.client.resource(services, "default").get("kubernetes")).spec?.clusterIP, "10.97.0.1");
  await loops.stop();
});

test("an address that no service has any more is given back after a minute, one that lost its object gets it again", async () => {
  const clock = new FakeClock();
  await using at = await startServer({ admission: admissionChain, clock });
  await ensureBootstrapObjects(at.client, { clock });
  const addresses = at.client.resource(ipaddresses);
  const metadata = {
    name: "10.96.5.5",
    labels: { "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io", "ipaddress.kubernetes.io/ip-family": "IPv4" },
  };
  await addresses.create({ metadata, spec: { parentRef: { resource: "services", namespace: "default", name: "gone" } } });
  const service = await at.client.resource(services, "default").create({ metadata: { name: "web" }, spec: { ports: [{ port: 80 }] } });
  const ip = service.spec?.clusterIP ?? "";
  await addresses.delete(ip);
  const loops = await startServerLoops(at.deps, { advertiseAddress: "192.168.7.1", port: 6443 });
  await clock.advance(1000);
  assert.equal((await addresses.get(ip)).spec?.parentRef?.name, "web");
  await addresses.get("10.96.5.5");
  await clock.advance(4 * 60_000);
  await assert.rejects(addresses.get("10.96.5.5"), { code: 404 });
  await loops.stop();
});

test("leases of servers that went without a word are taken away, others stay", async () => {
  const clock = new FakeClock();
  await using at = await startServer({ admission: admissionChain, clock });
  await ensureBootstrapObjects(at.client, { clock });
  const all = at.client.resource(leases, "kube-system");
  const renewTime = formatMicroTime(clock.now());
  const lease = (name: string, labels: Record<string, string>, leaseDurationSeconds: number): Promise<unknown> =>
    all.create({ metadata: { name, labels }, spec: { holderIdentity: name, renewTime, leaseDurationSeconds } });
  const servers = { "apiserver.kubernetes.io/identity": "kube-apiserver" };
  await lease("gone", servers, 60);
  await lease("patient", servers, 7200);
  await lease("other", {}, 60);
  const loops = await startServerLoops(at.deps, { advertiseAddress: "192.168.7.1", port: 6443, identity: "a" });
  await clock.advance(61 * 60_000);
  const names = (await all.list()).items.map((l) => l.metadata?.name ?? "").sort();
  assert.deepEqual([names.length, ...names.slice(1)], [3, "other", "patient"]);
  await loops.stop();
});
