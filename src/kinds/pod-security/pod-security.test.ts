import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodSpec } from "../../schema/types/core-v1.ts";
import { describeViolations, podSecurityViolations } from "./evaluate.ts";
import type { LevelVersion, PodSecurityPolicy } from "./policy.ts";
import { parseVersion, policyOf } from "./policy.ts";

const bare: PodSpec = { containers: [{ name: "a", image: "x" }] };
const told = (policy: LevelVersion, spec: PodSpec, annotations?: Record<string, string>): string =>
  describeViolations(podSecurityViolations(policy, { annotations }, spec));

const restricted: PodSpec = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  containers: [{ name: "a", image: "x", securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } }],
};

test("a bare pod is well in baseline, and misses four things in restricted", () => {
  assert.equal(told({ level: "baseline", version: "latest" }, bare), "");
  assert.equal(
    told({ level: "restricted", version: "latest" }, bare),
    'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), ' +
      'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), ' +
      'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), ' +
      'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  );
  assert.equal(told({ level: "restricted", version: "latest" }, restricted), "");
});

test("nothing is asked of a pod in the privileged level", () => {
  const spec: PodSpec = { ...bare, hostNetwork: true, hostPID: true };
  assert.equal(told({ level: "privileged", version: "latest" }, spec), "");
  assert.equal(told({ level: "baseline", version: "latest" }, spec), "host namespaces (hostNetwork=true, hostPID=true)");
});

test("checks come and go with the version of the policy", () => {
  const sysctl = (name: string): PodSpec => ({ ...bare, securityContext: { sysctls: [{ name, value: "1" }] } });
  const spec = sysctl("net.ipv4.tcp_rmem");
  assert.equal(told({ level: "baseline", version: 31 }, spec), "forbidden sysctls (net.ipv4.tcp_rmem)");
  assert.equal(told({ level: "baseline", version: 32 }, spec), "");
  assert.equal(told({ level: "baseline", version: 999 }, spec), "");
  const probe: PodSpec = { containers: [{ name: "a", livenessProbe: { httpGet: { port: 80, host: "10.0.0.1" } } }] };
  assert.equal(told({ level: "baseline", version: 33 }, probe), "");
  assert.equal(
    told({ level: "baseline", version: 34 }, probe),
    'probe or lifecycle host (container "a" uses probe or lifecycle host "10.0.0.1")',
  );
  const annotation = { "seccomp.security.alpha.kubernetes.io/pod": "unconfined" };
  assert.equal(
    told({ level: "baseline", version: 18 }, bare, annotation),
    'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
  );
  assert.equal(told({ level: "baseline", version: 19 }, bare, annotation), "");
});

test("from v1.35 a user namespace relaxes what root means, but not the mask over /proc in restricted", () => {
  const spec: PodSpec = {
    ...restricted,
    hostUsers: false,
    securityContext: { seccompProfile: { type: "RuntimeDefault" }, runAsUser: 0 },
    containers: [{ ...(restricted.containers[0] as PodSpec["containers"][0]) }],
  };
  assert.match(told({ level: "restricted", version: 34 }, spec), /runAsNonRoot != true .*, runAsUser=0 \(pod must not set runAsUser=0\)/);
  assert.equal(told({ level: "restricted", version: 35 }, spec), "");
  const unmasked: PodSpec = {
    ...spec,
    containers: spec.containers.map((c) => ({ ...c, securityContext: { ...c.securityContext, procMount: "Unmasked" } })),
  };
  assert.equal(told({ level: "baseline", version: 35 }, unmasked), "");
  const why = 'procMount (container "a" must not set securityContext.procMount to "Unmasked")';
  assert.equal(told({ level: "restricted", version: 35 }, unmasked), why);
  assert.equal(told({ level: "baseline", version: 34 }, unmasked), why);
});

test("who set what is told of the pod and all its containers", () => {
  const spec: PodSpec = {
    securityContext: { seLinuxOptions: { type: "spc_t", user: "u" } },
    initContainers: [{ name: "i", securityContext: { seLinuxOptions: { role: "r" } } }],
    containers: [
      {
        name: "a",
        securityContext: { capabilities: { add: ["SYS_ADMIN", "CHOWN", "NET_ADMIN"] } },
        ports: [{ containerPort: 1, hostPort: 80 }],
      },
    ],
  };
  assert.equal(
    told({ level: "baseline", version: "latest" }, spec),
    'non-default capabilities (container "a" must not include "NET_ADMIN", "SYS_ADMIN" in securityContext.capabilities.add), ' +
      'hostPort (container "a" uses hostPort 80), ' +
      'seLinuxOptions (pod and container "i" set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set; role may not be set)',
  );
});

const open: PodSecurityPolicy = {
  enforce: { level: "privileged", version: "latest" },
  audit: { level: "privileged", version: "latest" },
  warn: { level: "privileged", version: "latest" },
};

test("labels make the policy, and what is enforced is warned of too", () => {
  const { policy, errors } = policyOf(
    { "pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/enforce-version": "v1.30" },
    open,
  );
  assert.deepEqual(errors, []);
  assert.deepEqual(policy.enforce, { level: "baseline", version: 30 });
  assert.deepEqual(policy.warn, { level: "baseline", version: 30 });
  assert.deepEqual(policy.audit, open.audit);
});

test("labels that cannot be read enforce the most, and audit nothing", () => {
  const { policy, errors } = policyOf({ "pod-security.kubernetes.io/enforce": "x", "pod-security.kubernetes.io/audit": "y" }, open);
  assert.deepEqual(policy.enforce, { level: "restricted", version: "latest" });
  assert.deepEqual(policy.audit, { level: "privileged", version: "latest" });
  assert.deepEqual(policy.warn, open.warn);
  assert.deepEqual(
    errors.map((e) => `${e.field}: ${e.body}`),
    [
      'metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "x": must be one of privileged, baseline, restricted',
      'metadata.labels[pod-security.kubernetes.io/audit]: Invalid value: "y": must be one of privileged, baseline, restricted',
    ],
  );
});

test("a version is latest or v1 with a minor", () => {
  assert.deepEqual(parseVersion("v1.36"), { version: 36 });
  for (const text of ["1.2", "v1.02", "v2.1", "v1.", "v1.99999999999999999999"])
    assert.equal(parseVersion(text), 'must be "latest" or "v1.x"');
});
