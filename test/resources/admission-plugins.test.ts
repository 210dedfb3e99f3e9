/** The admission plugins that are off until someone asks for them, and how they are asked for. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { AdmissionChainOptions } from "../../src/resources/admission/index.ts";
import { admissionChain } from "../../src/resources/admission/index.ts";
import { ApiError, isApiError } from "../../src/core/api-error.ts";
import {
  configmaps,
  events,
  namespaces,
  persistentvolumeclaims,
  pods,
  resourcequotas,
  serviceaccounts,
  services,
  type Pod,
  type PodSpec,
} from "../../src/schema/types/core-v1.ts";
import { FakeClock, startServer, type TestServer } from "./server.ts";

const clock = new FakeClock(Date.parse("2026-01-01T00:00:00Z"));

async function server(options: AdmissionChainOptions, annotations: Record<string, string> = {}): Promise<TestServer> {
  const at = await startServer({ clock, admission: (deps) => admissionChain(deps, options) });
  await at.client.resource(namespaces).create({ metadata: { name: "a", annotations } });
  await at.client.resource(serviceaccounts, "a").create({ metadata: { name: "default" } });
  return at;
}

/** A configuration file with these plugins, for as long as `run` takes. */
async function configured(plugins: readonly object[], run: (file: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "admission-"));
  try {
    const file = join(folder, "admission.json");
    writeFileSync(file, JSON.stringify({ apiVersion: "apiserver.config.k8s.io/v1", kind: "AdmissionConfiguration", plugins }));
    await run(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const pod = (name: string, spec: Partial<PodSpec> = {}): Pod => ({
  metadata: { name },
  spec: { containers: [{ name: "c", image: "x:1" }], automountServiceAccountToken: false, ...spec },
});

async function refusal(run: Promise<unknown>): Promise<ApiError> {
  try {
    await run;
  } catch (error) {
    assert.ok(isApiError(error), String(error));
    return error;
  }
  return assert.fail("it was admitted");
}

test("unknown plugins, and those that are wished for and not, are told together", () => {
  const deps = { clock } as never;
  assert.throws(() => admissionChain(deps, { enable: ["Foo", "AlwaysAdmit"], disable: ["Bar", "AlwaysAdmit"] }), {
    message: [
      'enable-admission-plugins plugin "Foo" is unknown',
      'disable-admission-plugins plugin "Bar" is unknown',
      "[AlwaysAdmit] in enable-admission-plugins and disable-admission-plugins overlapped",
    ].join("\n"),
  });
});

test("a plugin that is on by default can be switched off, and one that is off switched on", () => {
  const deps = { clock } as never;
  const names = admissionChain(deps, { enable: ["AlwaysDeny"], disable: ["LimitRanger"] }).map((p) => p.name);
  assert.equal(names.includes("LimitRanger"), false);
  assert.equal(names.at(-1), "AlwaysDeny");
  assert.equal(names.includes("NodeRestriction"), false);
});

test("every fault of a configuration file is told at once", async () => {
  const rows = [
    {
      name: "EventRateLimit",
      configuration: { apiVersion: "eventratelimit.admission.k8s.io/v1alpha1", kind: "Configuration", limits: [] },
    },
    {
      name: "PodSecurity",
      configuration: {
        apiVersion: "pod-security.admission.config.k8s.io/v1",
        kind: "PodSecurityConfiguration",
        defaults: { enforce: "x" },
      },
    },
    { name: "ResourceQuota", configuration: { apiVersion: "apiserver.config.k8s.io/v1", kind: "Other" } },
  ];
  await configured(rows, (configurationFile) => {
    assert.throws(() => admissionChain({ clock } as never, { enable: ["EventRateLimit"], configurationFile }), {
      message: [
        `couldn't init admission plugin "PodSecurity": PodSecurity invalid: defaults.enforce: Invalid value: "x": must be one of privileged, baseline, restricted`,
        `couldn't init admission plugin "EventRateLimit": limits: Invalid value: []: must not be empty`,
        `couldn't init admission plugin "ResourceQuota": no kind "Other" is registered for version "apiserver.config.k8s.io/v1"`,
      ].join("\n"),
    });
    return Promise.resolve();
  });
});

test("AlwaysPullImages pulls for containers and image volumes", async () => {
  await using at = await server({ enable: ["AlwaysPullImages"] });
  const made = await at.client.resource(pods, "a").create(
    pod("p", {
      containers: [{ name: "c", image: "x:1", imagePullPolicy: "Never" }],
      volumes: [{ name: "v", image: { reference: "y", pullPolicy: "Never" } }],
    }),
  );
  assert.equal(made.spec?.containers[0]?.imagePullPolicy, "Always");
  assert.equal(made.spec?.volumes?.[0]?.image?.pullPolicy, "Always");
});

test("a namespace's node selector is its pods', and what it may select is bounded", async () => {
  const configuration = { podNodeSelectorPluginConfig: { a: "pool=a,disk=ssd" } };
  await configured([{ name: "PodNodeSelector", configuration }], async (configurationFile) => {
    const annotations = { "scheduler.alpha.kubernetes.io/node-selector": "pool=a" };
    await using at = await server({ enable: ["PodNodeSelector"], configurationFile }, annotations);
    const client = at.client.resource(pods, "a");
    assert.deepEqual((await client.create(pod("p", { nodeSelector: { disk: "ssd" } }))).spec?.nodeSelector, { pool: "a", disk: "ssd" });
    const conflict = await refusal(client.create(pod("q", { nodeSelector: { pool: "b" } })));
    assert.equal(conflict.message, 'pods "q" is forbidden: pod node label selector conflicts with its namespace node label selector');
    const other = await refusal(client.create(pod("q", { nodeSelector: { zone: "z" } })));
    assert.equal(other.message, 'pods "q" is forbidden: pod node label selector labels conflict with its namespace whitelist');
  });
});

test("a namespace gives its pods tolerations, and allows no others", async () => {
  const annotations = {
    "scheduler.alpha.kubernetes.io/defaultTolerations": '[{"key":"gpu","operator":"Exists","effect":"NoSchedule"}]',
    "scheduler.alpha.kubernetes.io/tolerationsWhitelist": '[{"operator":"Exists","effect":"NoExecute"},{"key":"gpu","operator":"Exists"}]',
  };
  await using at = await server({ enable: ["PodTolerationRestriction"] }, annotations);
  const client = at.client.resource(pods, "a");
  const made = await client.create(pod("p", { tolerations: [{ key: "gpu", operator: "Equal", value: "1", effect: "NoSchedule" }] }));
  assert.deepEqual(
    made.spec?.tolerations?.filter((t) => t.key === "gpu"),
    [{ key: "gpu", operator: "Exists", effect: "NoSchedule" }],
  );
  const error = await refusal(client.create(pod("q", { tolerations: [{ key: "other", operator: "Exists" }] })));
  assert.equal(error.code, 500);
  assert.equal(error.message, "pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist");
});

test("events beyond the rate are refused, by namespace and by user, until time has passed", async () => {
  const limits = [
    { type: "Namespace", qps: 1, burst: 2 },
    { type: "User", qps: 1, burst: 2 },
  ];
  const configuration = { apiVersion: "eventratelimit.admission.k8s.io/v1alpha1", kind: "Configuration", limits };
  await configured([{ name: "EventRateLimit", configuration }], async (configurationFile) => {
    await using at = await server({ enable: ["EventRateLimit"], configurationFile });
    const tell = (name: string) => at.client.resource(events, "a").create({ metadata: { name }, involvedObject: { namespace: "a" } });
    await tell("e1");
    await tell("e2");
    const error = await refusal(tell("e3"));
    assert.equal(error.code, 429);
    assert.equal(
      error.message,
      "Too many requests: [limit reached on type Namespace for key a, limit reached on type User for key system:apiserver]",
    );
    await clock.advance(1000);
    await tell("e4");
  });
});

test("a service takes no external addresses, and keeps those it has", async () => {
  await using at = await server({ enable: ["DenyServiceExternalIPs"] });
  const error = await refusal(
    at.client.resource(services, "a").create({ metadata: { name: "s" }, spec: { ports: [{ port: 1 }], externalIPs: ["192.0.2.1"] } }),
  );
  assert.equal(error.message, 'services "s" is forbidden: Use of external IPs is denied by admission control');
});

test("a namespace that is missing is made", async () => {
  await using at = await server({ enable: ["NamespaceAutoProvision"] });
  await at.client.resource(configmaps, "new").create({ metadata: { name: "c" } });
  assert.equal((await at.client.resource(namespaces).get("new")).metadata?.name, "new");
});

test("pods tolerate the taints of devices they ask for", async () => {
  await using at = await server({ enable: ["ExtendedResourceToleration"] });
  const resources = { requests: { "example.com/gpu": "1", cpu: "1" }, limits: { "example.com/gpu": "1" } };
  const made = await at.client.resource(pods, "a").create(pod("p", { containers: [{ name: "c", image: "x:1", resources }] }));
  assert.deepEqual(
    made.spec?.tolerations?.filter((t) => t.effect === "NoSchedule"),
    [{ key: "example.com/gpu", operator: "Exists", effect: "NoSchedule" }],
  );
});

test("a pod that its namespace's policy forbids is refused, and templates are warned of", async () => {
  await using at = await server({});
  const labels = { "pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/enforce-version": "v1.30" };
  await at.client.resource(namespaces).patch("a", "merge", { metadata: { labels } });
  const error = await refusal(at.client.resource(pods, "a").create(pod("p", { hostNetwork: true })));
  assert.equal(error.message, 'pods "p" is forbidden: violates PodSecurity "baseline:v1.30": host namespaces (hostNetwork=true)');
  const invalid = await refusal(
    at.client.resource(namespaces).create({ metadata: { name: "b", labels: { "pod-security.kubernetes.io/warn": "strict" } } }),
  );
  assert.equal(invalid.code, 422);
  assert.match(invalid.message, /metadata\.labels\[pod-security\.kubernetes\.io\/warn\]: Invalid value: "strict"/);
});

test("requests that come together share what a quota has left, and never exceed it", async () => {
  await using at = await server({});
  const quotas = at.client.resource(resourcequotas, "a");
  const made = await quotas.create({ metadata: { name: "q" }, spec: { hard: { configmaps: "5" } } });
  await quotas.updateStatus({ ...made, status: { hard: { configmaps: "5" }, used: { configmaps: "0" } } });
  const results = await Promise.allSettled(
    Array.from({ length: 12 }, (_, i) => at.client.resource(configmaps, "a").create({ metadata: { name: `c${i}` } })),
  );
  assert.equal(results.filter((r) => r.status === "fulfilled").length, 5);
  assert.equal((await quotas.get("q")).status?.used?.["configmaps"], "5");
  const refused = results.flatMap((r) => (r.status === "rejected" ? [r.reason as Error] : []));
  for (const { message } of refused)
    assert.match(message, /is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=5, limited: configmaps=5$/);
  const dry = await refusal(at.client.resource(configmaps, "a").create({ metadata: { name: "dry" } }, { dryRun: true }));
  assert.match(dry.message, /exceeded quota/);
});

test("what is limited by configuration is not used without a quota", async () => {
  const configuration = {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "ResourceQuotaConfiguration",
    limitedResources: [{ resource: "persistentvolumeclaims", matchContains: ["gold.storageclass.storage.k8s.io/requests.storage"] }],
  };
  await configured([{ name: "ResourceQuota", configuration }], async (configurationFile) => {
    await using at = await server({ configurationFile });
    const claim = (storageClassName: string) =>
      at.client.resource(persistentvolumeclaims, "a").create({
        metadata: { name: storageClassName },
        spec: { storageClassName, accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      });
    await claim("silver");
    const error = await refusal(claim("gold"));
    assert.equal(
      error.message,
      'persistentvolumeclaims "gold" is forbidden: insufficient quota to consume: gold.storageclass.storage.k8s.io/requests.storage',
    );
  });
});
