import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { notFound } from "../../core/api-error.ts";
import type { Container, Pod } from "../../schema/types/core-v1.ts";
import { envFileValue } from "./env-file.ts";
import { containerEnvironment, UnknownVolume, type ReferencedObjects } from "./environment.ts";
import { expand, unresolved } from "./expansion.ts";
import { goQuote } from "../../core/go-quote.ts";
import { fieldValue, resourceValue } from "./field-values.ts";
import { hostsFile, kernelHostname, parseResolvConf, podDns, podHostname } from "./hostname.ts";
import { cgroupPaths, containerResources, milliCpuToQuota, milliCpuToShares, oomScoreAdjustment, podCgroupLimits } from "./resources.ts";
import { containerSecurity, verifyNonRoot } from "./security.ts";
import { serviceEnvironment } from "./service-environment.ts";

const container: Container = { name: "a", image: "web" };
const pod: Pod = {
  metadata: { name: "p", namespace: "n", uid: "u", labels: { app: "web", tier: 'a"b' }, annotations: {} },
  spec: { containers: [container], nodeName: "node-1", serviceAccountName: "sa" },
  status: { qosClass: "Burstable" },
};
const addresses = { podIPs: ["10.0.0.2", "fd00::2"], hostIPs: ["192.0.2.1"] };

it("references in texts are expanded as the API documents it", () => {
  const values: Record<string, string> = { VAR: "x", EMPTY: "" };
  const lookup = (name: string): string | undefined => values[name];
  const cases = {
    "$(VAR)": "x",
    "$$(VAR)": "$(VAR)",
    "$$$(VAR)": "$x",
    "$(MISSING)": "$(MISSING)",
    "a$(EMPTY)b": "ab",
    "$(VAR": "$(VAR",
    $VAR: "$VAR",
    "cost: 5$": "cost: 5$",
    $$: "$",
  };
  for (const [text, want] of Object.entries(cases)) assert.equal(expand(text, lookup), want, text);
  assert.deepEqual(unresolved("$(VAR)/$(MISSING)", lookup), ["MISSING"]);
});

describe("the downward API", () => {
  it("gives fields of the pod", () => {
    const value = (fieldPath: string): string => fieldValue({ fieldPath }, pod, addresses);
    assert.equal(value("metadata.name"), "p");
    assert.equal(value("metadata.labels"), 'app="web"\ntier="a\\"b"');
    assert.equal(value("metadata.labels['app']"), "web");
    assert.equal(value("metadata.annotations['none']"), "");
    assert.equal(value("status.podIPs"), "10.0.0.2,fd00::2");
    assert.equal(value("status.hostIP"), "192.0.2.1");
    assert.throws(() => value("spec.containers"), /unsupported fieldPath/);
  });

  it("gives resources in units of the divisor, rounded up", () => {
    const limited: Container = { ...container, resources: { limits: { cpu: "1500m", memory: "64Mi" }, requests: { cpu: "250m" } } };
    const value = (resource: string, divisor?: string): string =>
      resourceValue({ resource, ...(divisor === undefined ? {} : { divisor }) }, pod, limited, { memory: "1Gi" });
    assert.equal(value("limits.cpu"), "2");
    assert.equal(value("limits.cpu", "1m"), "1500");
    assert.equal(value("requests.cpu"), "1");
    assert.equal(value("limits.memory", "1Mi"), "64");
    assert.equal(resourceValue({ resource: "limits.memory" }, pod, container, { memory: "1Gi" }), String(1 << 30));
  });

  it("gives the pod's limit where the container has none, and then the node's", () => {
    const shared: Pod = { spec: { containers: [container], initContainers: [{ name: "i" }], resources: { limits: { cpu: "250m" } } } };
    const value = (resource: string, containerName = "a"): string =>
      resourceValue({ resource, containerName, divisor: "1m" }, shared, undefined, { cpu: "2", memory: "1" });
    assert.equal(value("limits.cpu"), "250");
    assert.equal(value("limits.memory"), "1");
    assert.equal(value("requests.cpu"), "0");
    assert.equal(value("limits.cpu", "i"), "0");
  });

  it("quotes as Go does", () => assert.equal(goQuote('a"\\\n\u0001é'), '"a\\"\\\\\\n\\x01é"'));
});

describe("the environment", () => {
  const objects: ReferencedObjects = {
    configMap: (_ns, name) =>
      name === "cfg" ? Promise.resolve({ data: { KEY: "value" } }) : Promise.reject(notFound({ group: "", resource: "configmap" }, name)),
    secret: (_ns, name) =>
      name === "sec"
        ? Promise.resolve({ data: { TOKEN: Buffer.from("s3cret").toString("base64") } })
        : Promise.reject(notFound({ group: "", resource: "secret" }, name)),
  };
  const environment = (c: Partial<Container>): Promise<Map<string, string>> =>
    containerEnvironment({
      pod,
      container: { ...container, ...c },
      addresses,
      services: new Map([["WEB_SERVICE_HOST", "10.96.0.1"]]),
      objects,
      allocatable: {},
      readVolumeFile: (volume) => {
        if (volume !== "files") throw new UnknownVolume(volume);
        return "# made by init\nA='1 $B'\nMANY='x\ny' # end\n";
      },
    });

  it("takes sources in order and lets later variables see earlier ones", async () => {
    const got = await environment({
      envFrom: [{ prefix: "P_", configMapRef: { name: "cfg" } }, { secretRef: { name: "sec" } }],
      env: [
        { name: "A", value: "$(P_KEY)-$(WEB_SERVICE_HOST)" },
        { name: "B", value: "$(A)!" },
        { name: "C", valueFrom: { secretKeyRef: { name: "sec", key: "TOKEN" } } },
        { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
      ],
    });
    assert.equal(got.get("P_KEY"), "value");
    assert.equal(got.get("TOKEN"), "s3cret");
    assert.equal(got.get("B"), "value-10.96.0.1!");
    assert.equal(got.get("C"), "s3cret");
    assert.equal(got.get("IP"), "10.0.0.2");
  });

  it("refuses what is missing unless it is optional", async () => {
    await assert.rejects(environment({ envFrom: [{ configMapRef: { name: "none" } }] }), /configmap "none" not found/);
    const key = (optional?: boolean) => ({
      env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "cfg", key: "NONE", ...(optional === undefined ? {} : { optional }) } } }],
    });
    await assert.rejects(environment(key()), /couldn't find key NONE in ConfigMap n\/cfg/);
    assert.equal((await environment(key(true))).has("A"), false);
    assert.equal((await environment({ envFrom: [{ secretRef: { name: "none", optional: true } }] })).size, 1);
  });

  it("takes variables from files of volumes", async () => {
    const from = (volumeName: string, key: string) =>
      environment({ env: [{ name: "V", valueFrom: { fileKeyRef: { volumeName, path: "p", key } } }] });
    assert.equal((await from("files", "A")).get("V"), "1 $B");
    assert.equal((await from("files", "MANY")).get("V"), "x\ny");
    await assert.rejects(from("files", "NONE"), /environment variable key "NONE" not found in file "p"/);
    await assert.rejects(from("other", "A"), /cannot find the volume "other" referenced by FileKeyRef/);
    assert.throws(() => envFileValue("A=1\n", "A"), /line 1: value must be enclosed in single quotes/);
    assert.throws(() => envFileValue("\nA = '1'\n", "A"), /line 2: whitespace before '=' is not allowed/);
    assert.throws(() => envFileValue("A='1\n", "A"), /starting at line 1: unclosed single quote/);
    assert.equal(envFileValue("A= '1'\n", "A"), "");
  });

  it("names the services of the namespace and the API server's", () => {
    const service = (namespace: string, name: string, clusterIP: string) => ({
      metadata: { namespace, name },
      spec: { clusterIP, ports: [{ port: 443, name: "https", protocol: "TCP" }] },
    });
    const all = [
      service("default", "kubernetes", "10.96.0.1"),
      service("n", "my-db", "10.96.0.9"),
      service("other", "x", "10.96.0.8"),
      service("n", "headless", "None"),
    ];
    const got = serviceEnvironment(all, "n", true);
    assert.equal(got.get("KUBERNETES_SERVICE_HOST"), "10.96.0.1");
    assert.equal(got.get("MY_DB_SERVICE_PORT_HTTPS"), "443");
    assert.equal(got.get("MY_DB_PORT_443_TCP"), "tcp://10.96.0.9:443");
    assert.equal(got.has("X_SERVICE_HOST"), false);
    assert.deepEqual(
      [...serviceEnvironment(all, "n", false).keys()].filter((k) => k.startsWith("MY_DB")),
      [],
    );
  });
});

describe("names and resolvers", () => {
  const named: Pod = { ...pod, spec: { containers: [], hostname: "web", subdomain: "sub" } };

  it("come from the pod, with its subdomain", () => {
    assert.deepEqual(podHostname(named, "cluster.local"), { hostname: "web", domain: "sub.n.svc.cluster.local" });
    const full: Pod = { ...named, spec: { ...named.spec, containers: [], setHostnameAsFQDN: true } };
    assert.equal(kernelHostname(full, podHostname(full, "cluster.local")), "web.sub.n.svc.cluster.local");
    assert.match(
      hostsFile(["10.0.0.2"], podHostname(named, "cluster.local"), [{ ip: "1.2.3.4", hostnames: ["a", "b"] }]),
      /10\.0\.0\.2\tweb\.sub\.n\.svc\.cluster\.local\tweb\n\n# Entries added by HostAliases\.\n1\.2\.3\.4\ta\tb\n$/,
    );
  });

  it("resolve by the pod's policy", () => {
    const node = parseResolvConf("# c\nnameserver 9.9.9.9\nsearch example.org. corp\noptions ndots:2 rotate\n");
    assert.deepEqual(node, { servers: ["9.9.9.9"], searches: ["example.org", "corp"], options: ["ndots:2", "rotate"] });
    const cluster = { servers: ["10.96.0.10"], domain: "cluster.local" };
    const first = podDns(pod, node, cluster);
    assert.deepEqual(first.searches, ["n.svc.cluster.local", "svc.cluster.local", "cluster.local", "example.org", "corp"]);
    assert.deepEqual(first.options, ["ndots:5"]);
    const none: Pod = {
      ...pod,
      spec: { containers: [], dnsPolicy: "None", dnsConfig: { nameservers: ["1.1.1.1"], options: [{ name: "ndots", value: "1" }] } },
    };
    assert.deepEqual(podDns(none, node, cluster), { servers: ["1.1.1.1"], searches: [], options: ["ndots:1"] });
    assert.deepEqual(podDns({ ...pod, spec: { containers: [], hostNetwork: true } }, node, cluster), node);
  });
});

describe("resources", () => {
  it("become shares, quotas and groups", () => {
    assert.deepEqual([0, 1, 100, 1000, 10_000_000].map(milliCpuToShares), [2, 2, 102, 1024, 262144]);
    assert.deepEqual([0, 5, 500].map(milliCpuToQuota), [0, 1000, 50_000]);
    const limited: Container = {
      ...container,
      resources: { limits: { cpu: "500m", memory: "64Mi" }, requests: { cpu: "250m", memory: "32Mi" } },
    };
    const own: Pod = { ...pod, spec: { containers: [limited] } };
    assert.deepEqual(containerResources(own, limited, 1 << 30), {
      cpuPeriod: 100_000,
      cpuQuota: 50_000,
      cpuShares: 256,
      oomScoreAdj: 969,
      memoryLimitInBytes: 64 << 20,
    });
    assert.deepEqual(podCgroupLimits(own), { cpuShares: 256, cpuQuota: 50_000, memoryLimit: 64 << 20 });
    assert.equal(cgroupPaths("/x").pod(own), "/x/kubepods/burstable/podu");
    assert.equal(oomScoreAdjustment({ ...own, status: { qosClass: "BestEffort" } }, limited, 1), 1000);
  });
});

describe("security", () => {
  it("refuses to run as root when the pod must not", () => {
    const strict: Pod = { ...pod, spec: { containers: [container], securityContext: { runAsNonRoot: true } } };
    const about = `(pod: "p_n(u)", container: a)`;
    assert.throws(() => verifyNonRoot(strict, container, { uid: 0, username: "" }), {
      message: `container has runAsNonRoot and image will run as root ${about}`,
    });
    assert.throws(
      () => verifyNonRoot(strict, container, { uid: undefined, username: "app" }),
      /image has non-numeric user \(app\), cannot verify user is non-root/,
    );
    assert.throws(
      () => verifyNonRoot(strict, { ...container, securityContext: { runAsUser: 0 } }, { uid: 5, username: "" }),
      /container's runAsUser breaks non-root policy/,
    );
    verifyNonRoot(strict, { ...container, securityContext: { runAsUser: 7 } }, { uid: 0, username: "" });
  });

  it("puts the container's settings over the pod's", () => {
    const shared: Pod = {
      ...pod,
      spec: {
        containers: [container],
        securityContext: { runAsUser: 1, fsGroup: 9, supplementalGroups: [10], seccompProfile: { type: "RuntimeDefault" } },
      },
    };
    const own: Container = {
      ...container,
      securityContext: { runAsUser: 2, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] }, procMount: "Unmasked" },
    };
    const got = containerSecurity(shared, own, { uid: 0, username: "" }, { seccompRoot: "/s" });
    assert.deepEqual(got.runAsUser, { value: 2 });
    assert.deepEqual(got.supplementalGroups, [9, 10]);
    assert.equal(got.noNewPrivs, true);
    assert.deepEqual(got.maskedPaths, []);
    assert.deepEqual(got.seccomp, { profileType: "RuntimeDefault" });
    assert.equal(
      containerSecurity(pod, container, { uid: 0, username: "" }, { seccompRoot: "/s" }).maskedPaths.includes("/proc/kcore"),
      true,
    );
  });
});
