import assert from "node:assert/strict";
import { test } from "node:test";
import type { UnstructuredObject } from "../../schema/object.ts";
import type { ResourceQuota } from "../../schema/types/core-v1.ts";
import { checkQuotas, type LimitedResource } from "./check.ts";
import type { QuotaContext, QuotaOperation } from "./evaluator.ts";
import { quotaEvaluatorOf } from "./registry.ts";
import { resourceClaimQuota } from "./resource-claims.ts";
import { calculateUsage } from "./usage.ts";

const context: QuotaContext = { now: Date.parse("2026-01-01T00:00:00Z") };
const evaluator = (group: string, resource: string) => {
  const found = quotaEvaluatorOf(group, resource);
  assert.ok(found);
  return found;
};
const pods = evaluator("", "pods");

function quota(
  name: string,
  hard: Record<string, string>,
  used: Record<string, string>,
  spec: Partial<ResourceQuota["spec"]> = {},
): ResourceQuota {
  return { metadata: { name }, spec: { hard, ...spec }, status: { hard, used } };
}

function pod(spec: object, more: object = {}): UnstructuredObject {
  return { metadata: { name: "p" }, spec: { containers: [{ name: "a" }], ...spec }, ...more } as unknown as UnstructuredObject;
}

const create = (object: UnstructuredObject): QuotaOperation => ({ operation: "CREATE", subresource: "", object });
const asking = (requests: Record<string, string>, limits: Record<string, string> = {}): UnstructuredObject =>
  pod({ containers: [{ name: "a", resources: { requests, limits } }] });

test("a request is charged to every quota that counts it", () => {
  const quotas = [
    quota("a", { pods: "2" }, { pods: "1" }),
    quota("b", { "requests.cpu": "1", secrets: "1" }, { "requests.cpu": "500m", secrets: "0" }),
  ];
  const verdict = checkQuotas(quotas, create(asking({ cpu: "250m" })), pods, [], context);
  assert.ok("quotas" in verdict);
  assert.deepEqual(
    verdict.quotas.map((q) => q.status?.used),
    [{ pods: "2" }, { "requests.cpu": "750m", secrets: "0" }],
  );
});

test("what exceeds a quota is told with what was asked, used and limited", () => {
  const quotas = [
    quota("a", { pods: "9", cpu: "1", "requests.nvidia.com/gpu": "1" }, { pods: "1", cpu: "800m", "requests.nvidia.com/gpu": "0" }),
  ];
  assert.deepEqual(checkQuotas(quotas, create(asking({ cpu: "300m", "nvidia.com/gpu": "2" })), pods, [], context), {
    forbidden:
      "exceeded quota: a, requested: cpu=300m,requests.nvidia.com/gpu=2, used: cpu=800m,requests.nvidia.com/gpu=0, limited: cpu=1,requests.nvidia.com/gpu=1",
  });
});

test("where CPU or memory are limited every container says what it needs, or the pod does", () => {
  const quotas = [quota("a", { "limits.memory": "1Gi", cpu: "1" }, { "limits.memory": "0", cpu: "0" })];
  const silent = pod({
    containers: [{ name: "b" }, { name: "a" }],
    initContainers: [{ name: "i", resources: { requests: { cpu: "1" } } }],
  });
  assert.deepEqual(checkQuotas(quotas, create(silent), pods, [], context), {
    forbidden: "failed quota: a: must specify cpu for: a,b; limits.memory for: a,b,i",
  });
  const level = pod({ resources: { requests: { cpu: "100m" }, limits: { memory: "1Mi" } } });
  assert.ok("quotas" in checkQuotas(quotas, create(level), pods, [], context));
});

test("a quota that has not been counted yet lets nothing through", () => {
  assert.deepEqual(checkQuotas([quota("a", { pods: "1", cpu: "1" }, { pods: "0" })], create(asking({ cpu: "1" })), pods, [], context), {
    forbidden: "status unknown for quota: a, resources: cpu,pods",
  });
});

test("scopes say which pods a quota counts", () => {
  const used = { pods: "0" };
  const scoped = (...scopes: string[]): ResourceQuota => quota(scopes.join(), { pods: "0" }, used, { scopes });
  const counted = (q: ResourceQuota, object: UnstructuredObject): boolean =>
    "forbidden" in checkQuotas([q], create(object), pods, [], context);
  const ending = pod({ activeDeadlineSeconds: 5 });
  const asks = asking({ cpu: "1" });
  assert.deepEqual(
    [
      counted(scoped("Terminating"), ending),
      counted(scoped("NotTerminating"), ending),
      counted(scoped("Terminating", "BestEffort"), ending),
    ],
    [true, false, true],
  );
  assert.deepEqual([counted(scoped("BestEffort"), asks), counted(scoped("NotBestEffort"), asks)], [false, true]);
  const affine = pod({
    affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ podAffinityTerm: { namespaceSelector: {} } }] } },
  });
  assert.deepEqual(
    [counted(scoped("CrossNamespacePodAffinity"), affine), counted(scoped("CrossNamespacePodAffinity"), asks)],
    [true, false],
  );
  const high = pod({ priorityClassName: "high" });
  const by = (operator: string, values?: string[]): ResourceQuota =>
    quota("q", { pods: "0" }, used, { scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator, values }] } });
  assert.deepEqual(
    [counted(by("In", ["high"]), high), counted(by("NotIn", ["high"]), high), counted(by("Exists"), high)],
    [true, false, true],
  );
  assert.deepEqual([counted(by("DoesNotExist"), asks), counted(by("NotIn", ["high"]), asks)], [true, true]);
});

test("an update is charged for what it adds, even over the limit that was lowered", () => {
  const resize = (from: string, to: string): QuotaOperation => ({
    operation: "UPDATE",
    subresource: "resize",
    object: asking({ cpu: to }),
    oldObject: asking({ cpu: from }),
  });
  const quotas = [quota("a", { cpu: "1", pods: "1" }, { cpu: "2", pods: "1" })];
  assert.deepEqual(checkQuotas(quotas, resize("1", "2"), pods, [], context), {
    forbidden: "exceeded quota: a, requested: cpu=1, used: cpu=2, limited: cpu=1",
  });
  assert.deepEqual(checkQuotas(quotas, resize("2", "1"), pods, [], context), { quotas });
  const quantity = { "requests.storage": "1Gi", persistentvolumeclaims: "5" };
  const claim = (storage: string): UnstructuredObject =>
    ({ spec: { resources: { requests: { storage } } } }) as unknown as UnstructuredObject;
  const grown = checkQuotas(
    [quota("s", quantity, { "requests.storage": "500Mi", persistentvolumeclaims: "1" })],
    { operation: "UPDATE", subresource: "", object: claim("600Mi"), oldObject: claim("500Mi") },
    evaluator("", "persistentvolumeclaims"),
    [],
    context,
  );
  assert.ok("quotas" in grown);
  assert.deepEqual(grown.quotas[0]?.status?.used, { "requests.storage": "600Mi", persistentvolumeclaims: "1" });
});

test("limited resources and scopes need a quota that covers them", () => {
  const storage: LimitedResource = {
    apiGroup: "",
    resource: "persistentvolumeclaims",
    matchContains: [".storageclass.storage.k8s.io/requests.storage"],
    matchScopes: [],
  };
  const claim = { spec: { storageClassName: "gold", resources: { requests: { storage: "1Gi" } } } } as unknown as UnstructuredObject;
  assert.deepEqual(checkQuotas([], create(claim), evaluator("", "persistentvolumeclaims"), [storage], context), {
    forbidden: "insufficient quota to consume: gold.storageclass.storage.k8s.io/requests.storage",
  });
  const scope = { scopeName: "PriorityClass", operator: "In", values: ["high", "higher"] };
  const priority: LimitedResource = { apiGroup: "", resource: "pods", matchContains: [], matchScopes: [scope] };
  const high = create(pod({ priorityClassName: "high" }));
  assert.deepEqual(checkQuotas([], high, pods, [priority], context), {
    failed: "insufficient quota to match these scopes: [{PriorityClass In [high higher]}]",
  });
  const covering = quota("q", { pods: "1" }, { pods: "0" }, { scopeSelector: { matchExpressions: [scope] } });
  assert.ok("quotas" in checkQuotas([covering], high, pods, [priority], context));
});

test("pods that have ended, or should have by now, are counted as objects alone", () => {
  const hard = { pods: "9", "count/pods": "9", cpu: "9" };
  const live = asking({ cpu: "1" });
  const done = { ...live, status: { phase: "Succeeded" } } as unknown as UnstructuredObject;
  const stuck = {
    ...live,
    metadata: { deletionTimestamp: "2025-12-31T23:59:00Z", deletionGracePeriodSeconds: 30 },
  } as unknown as UnstructuredObject;
  const leaving = {
    ...live,
    metadata: { deletionTimestamp: "2025-12-31T23:59:45Z", deletionGracePeriodSeconds: 30 },
  } as unknown as UnstructuredObject;
  const { used, errors } = calculateUsage(quota("q", hard, {}), [pods], () => [live, done, stuck, leaving], context);
  assert.deepEqual(errors, []);
  assert.deepEqual(used, { pods: "2", "count/pods": "4", cpu: "2" });
});

test("what cannot be listed is left out, and told", () => {
  const list = (e: { resource: string }): UnstructuredObject[] => {
    if (e.resource === "secrets") throw new Error("secrets. not yet synced");
    return [];
  };
  const { used, errors } = calculateUsage(quota("q", { pods: "1", secrets: "1" }, {}), [pods, evaluator("", "secrets")], list, context);
  assert.deepEqual(used, { pods: "0" });
  assert.deepEqual(
    errors.map((e) => e.message),
    ["failed to list content: secrets. not yet synced"],
  );
});

test("a service takes node ports and load balancers by its type", () => {
  const services = evaluator("", "services");
  const used = (spec: object): unknown => services.usage({ spec } as unknown as UnstructuredObject, context);
  const ports = [{ port: 1 }, { port: 2, nodePort: 30000 }];
  const counted = { "count/services": "1", services: "1" };
  assert.deepEqual(used({ ports }), { ...counted, "services.loadbalancers": "0", "services.nodeports": "0" });
  assert.deepEqual(used({ type: "NodePort", ports }), { ...counted, "services.loadbalancers": "0", "services.nodeports": "2" });
  assert.deepEqual(used({ type: "LoadBalancer", ports, allocateLoadBalancerNodePorts: false }), {
    ...counted,
    "services.loadbalancers": "1",
    "services.nodeports": "1",
  });
});

test("a claim of devices counts the worst of its alternatives, and under the extended resource of the class", () => {
  const requests = [
    { name: "a", exactly: { deviceClassName: "gpu", allocationMode: "ExactCount", count: 2 } },
    {
      name: "b",
      firstAvailable: [
        { name: "x", deviceClassName: "gpu", allocationMode: "ExactCount", count: 3 },
        { name: "y", deviceClassName: "gpu", allocationMode: "ExactCount", count: 1 },
        { name: "z", deviceClassName: "tpu", allocationMode: "All" },
      ],
    },
  ];
  const claim = { metadata: { name: "c" }, spec: { devices: { requests } } } as unknown as UnstructuredObject;
  const devices = {
    extendedResourceOf: (name: string) => (name === "gpu" ? "example.com/gpu" : undefined),
    isDevice: (name: string) => name === "example.com/gpu",
    podOf: () => undefined,
  };
  assert.deepEqual(resourceClaimQuota.usage(claim, { ...context, devices }), {
    "count/resourceclaims.resource.k8s.io": "1",
    "gpu.deviceclass.resource.k8s.io/devices": "5",
    "tpu.deviceclass.resource.k8s.io/devices": "32",
    "requests.deviceclass.resource.kubernetes.io/gpu": "5",
    "requests.deviceclass.resource.kubernetes.io/tpu": "32",
    "requests.example.com/gpu": "5",
  });
  assert.deepEqual(resourceClaimQuota.matching(["requests.example.com/gpu", "requests.example.com/nic", "cpu"], { ...context, devices }), [
    "requests.example.com/gpu",
  ]);
});
