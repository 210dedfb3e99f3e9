import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment, DeploymentSpec, ReplicaSet } from "../../schema/types/apps-v1.ts";
import type { Pod } from "../../schema/types/core-v1.ts";
import { planDeployment, type DeploymentPlan } from "./plan.ts";
import { lastRevision, newSetAnnotations } from "./revision.ts";
import { templateHash } from "./template-hash.ts";

const start = Date.UTC(2026, 0, 1);

/** A cluster of one deployment: plans are applied as the server would, pods become available when told to. */
class World {
  deployment: Deployment;
  sets: ReplicaSet[] = [];
  pods = new Map<string, Pod[]>();
  events: string[] = [];
  now = start;

  constructor(spec: Partial<DeploymentSpec> = {}) {
    this.deployment = {
      metadata: { name: "web", namespace: "ns", uid: "d", generation: 1 },
      spec: {
        replicas: 10,
        selector: { matchLabels: { app: "web" } },
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
        template: this.template("v1"),
        progressDeadlineSeconds: 600,
        revisionHistoryLimit: 10,
        ...spec,
      },
    };
  }

  template(image: string) {
    return { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image }] } };
  }

  change(spec: Partial<DeploymentSpec>): void {
    const { metadata, spec: old } = this.deployment;
    this.deployment = {
      ...this.deployment,
      metadata: { ...metadata, generation: (metadata?.generation ?? 0) + 1 },
      spec: { ...(old as DeploymentSpec), ...spec },
    };
  }

  step(): DeploymentPlan {
    const plan = planDeployment(
      { deployment: this.deployment, sets: this.sets, podsOf: (s) => this.pods.get(s.metadata?.name ?? "") ?? [] },
      this.now,
    );
    const at = new Date(start + this.sets.length * 1000).toISOString();
    if (plan.create !== undefined) {
      const set = { ...plan.create.set, status: { replicas: 0 } };
      this.sets.push({ ...set, metadata: { ...set.metadata, uid: `s${this.sets.length}`, creationTimestamp: at } });
    }
    for (const write of plan.update) this.sets = this.sets.map((s) => (s.metadata?.name === write.set.metadata?.name ? write.set : s));
    this.sets = this.sets.filter((s) => !plan.remove.some((r) => r.metadata?.name === s.metadata?.name));
    if (plan.status !== undefined) this.deployment = plan.status;
    if (plan.rollback !== undefined) this.deployment = plan.rollback;
    for (const w of [plan.create, ...plan.update]) for (const e of w?.events ?? []) this.events.push(this.name(e.message));
    for (const e of plan.events) this.events.push(`${e.reason}: ${e.message}`);
    return plan;
  }

  /** Set names are hashes: tests call them s0, s1, … */
  name(message: string): string {
    return this.sets.reduce((text, s, i) => text.replaceAll(s.metadata?.name ?? "?", `s${i}`), message);
  }

  /** The replica set controller and the kubelets catch up; `ready` limits how many of a set's pods are available. */
  settle(ready: (i: number) => number = () => Number.POSITIVE_INFINITY): void {
    this.sets = this.sets.map((s, i) => {
      const replicas = s.spec?.replicas ?? 0;
      const n = Math.min(replicas, ready(i));
      return { ...s, status: { replicas, readyReplicas: n, availableReplicas: n, terminatingReplicas: 0, observedGeneration: 1 } };
    });
  }

  run(steps = 40): void {
    for (let i = 0; i < steps; i++) {
      const plan = this.step();
      this.settle();
      if (plan.create === undefined && plan.update.length === 0 && plan.status === undefined) return;
    }
    assert.fail("does not come to rest");
  }

  sizes(): number[] {
    return this.sets.map((s) => s.spec?.replicas ?? 0);
  }

  condition(type: string): string {
    const c = this.deployment.status?.conditions?.find((x) => x.type === type);
    return c === undefined ? "absent" : `${c.status} ${c.reason ?? ""} ${this.name(c.message ?? "")}`;
  }
}

test("a first rollout makes one set, and reports it", () => {
  const w = new World({ replicas: 3 });
  w.step();
  assert.deepEqual(w.events, ["Scaled up replica set s0 from 0 to 3"]);
  assert.equal(w.condition("Progressing"), 'True NewReplicaSetCreated Created new replica set "s0"');
  assert.equal(w.condition("Available"), "False MinimumReplicasUnavailable Deployment does not have minimum availability.");
  assert.equal(w.deployment.status?.unavailableReplicas, 3);
  assert.deepEqual(w.sets[0]?.metadata?.annotations, {
    "deployment.kubernetes.io/revision": "1",
    "deployment.kubernetes.io/desired-replicas": "3",
    "deployment.kubernetes.io/max-replicas": "4",
  });
  w.settle();
  w.run();
  assert.equal(w.condition("Progressing"), 'True NewReplicaSetAvailable ReplicaSet "s0" has successfully progressed.');
  assert.equal(w.condition("Available"), "True MinimumReplicasAvailable Deployment has minimum availability.");
  const { conditions: _conditions, ...counts } = w.deployment.status ?? {};
  assert.deepEqual(counts, {
    observedGeneration: 1,
    replicas: 3,
    updatedReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    terminatingReplicas: 0,
  });
});

test("a rolling update keeps within surge and unavailability, and ends on the new set", () => {
  const w = new World();
  w.run();
  w.change({ template: w.template("v2") });
  w.events = [];
  for (let i = 0; i < 30; i++) {
    w.step();
    const total = w.sizes().reduce((a, b) => a + b, 0);
    assert.ok(total <= 13, `surge: ${total}`);
    const available = w.sets.reduce((n, s) => n + Math.min(s.spec?.replicas ?? 0, s.status?.availableReplicas ?? 0), 0);
    assert.ok(available >= 8, `available: ${available}`);
    w.settle();
  }
  assert.deepEqual(w.sizes(), [0, 10]);
  assert.equal(w.events[0], "Scaled up replica set s1 from 0 to 3");
  assert.equal(w.events[1], "Scaled down replica set s0 from 10 to 8");
  assert.equal(w.deployment.metadata?.annotations?.["deployment.kubernetes.io/revision"], "2");
});

test("a rollout whose pods fail stops, and times out after the progress deadline", () => {
  const w = new World();
  w.run();
  w.change({ template: w.template("bad") });
  for (let i = 0; i < 10; i++) {
    w.step();
    w.settle((set) => (set === 0 ? Number.POSITIVE_INFINITY : 0));
  }
  assert.deepEqual(w.sizes(), [8, 5]);
  const rest = w.step();
  assert.equal(rest.requeueAfter, 601_000);
  w.now += 601_000;
  w.step();
  assert.equal(w.condition("Progressing"), 'False ProgressDeadlineExceeded ReplicaSet "s1" has timed out progressing.');
  assert.equal(w.condition("Available"), "True MinimumReplicasAvailable Deployment has minimum availability.");
});

test("scaling in the middle of a rollout spreads in proportion", () => {
  const w = new World({ strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } });
  w.run();
  w.change({ template: w.template("bad") });
  for (let i = 0; i < 10; i++) {
    w.step();
    w.settle((set) => (set === 0 ? Number.POSITIVE_INFINITY : 0));
  }
  assert.deepEqual(w.sizes(), [8, 5]);
  w.change({ replicas: 30 });
  w.step();
  assert.deepEqual(w.sizes(), [20, 13]);
});

test("Recreate waits for the last old pod before it makes the new set", () => {
  const w = new World({ replicas: 2, strategy: { type: "Recreate" } });
  w.run();
  w.change({ template: w.template("v2") });
  w.pods.set(w.sets[0]?.metadata?.name ?? "", [{ status: { phase: "Running" } }]);
  w.step();
  assert.deepEqual(w.sizes(), [0]);
  w.settle();
  w.step();
  assert.deepEqual(w.sizes(), [0], "the pod is still there");
  w.pods.clear();
  w.run();
  assert.deepEqual(w.sizes(), [0, 2]);
});

test("a paused deployment scales but does not roll, and says so", () => {
  const w = new World({ replicas: 2 });
  w.run();
  w.change({ paused: true, template: w.template("v2"), replicas: 4 });
  w.run();
  assert.deepEqual(w.sizes(), [4]);
  assert.equal(w.condition("Progressing"), "Unknown DeploymentPaused Deployment is paused");
  w.change({ paused: false });
  w.run();
  assert.deepEqual(w.sizes(), [0, 4]);
});

test("undo brings an old set to the front with a new revision and its history", () => {
  const w = new World({ replicas: 2 });
  w.run();
  w.change({ template: w.template("v2") });
  w.run();
  w.change({ template: w.template("v1") });
  w.run();
  assert.deepEqual(w.sizes(), [2, 0]);
  const annotations = w.sets[0]?.metadata?.annotations ?? {};
  assert.equal(annotations["deployment.kubernetes.io/revision"], "3");
  assert.equal(annotations["deployment.kubernetes.io/revision-history"], "1");
  assert.equal(lastRevision(w.sets), 2n);
});

test("revisions are counted beyond what a double holds", () => {
  const w = new World({ replicas: 1 });
  w.run();
  w.sets = w.sets.map((s) => ({
    ...s,
    metadata: { ...s.metadata, annotations: { ...s.metadata?.annotations, "deployment.kubernetes.io/revision": "3546343826724305832" } },
  }));
  w.change({ template: w.template("v2") });
  w.run();
  assert.equal(w.deployment.metadata?.annotations?.["deployment.kubernetes.io/revision"], "3546343826724305833");
});

test("old sets beyond the history limit are removed once the rollout is complete", () => {
  const w = new World({ replicas: 1, revisionHistoryLimit: 1 });
  w.run();
  for (const image of ["v2", "v3", "v4"]) {
    w.change({ template: w.template(image) });
    w.run();
  }
  assert.deepEqual(
    w.sets.map((s) => s.metadata?.annotations?.["deployment.kubernetes.io/revision"]),
    ["3", "4"],
  );
});

test("the rollback annotation of old clients takes the template of that revision back", () => {
  const w = new World({ replicas: 1 });
  w.run();
  w.change({ template: w.template("v2") });
  w.run();
  w.events = [];
  const { metadata } = w.deployment;
  w.deployment = {
    ...w.deployment,
    metadata: { ...metadata, annotations: { ...metadata?.annotations, "deprecated.deployment.rollback.to": "1" } },
  };
  w.step();
  assert.deepEqual(w.deployment.spec?.template.spec?.containers, [{ name: "c", image: "v1" }]);
  assert.deepEqual(w.deployment.spec?.template.metadata?.labels, { app: "web" });
  assert.equal(w.deployment.metadata?.annotations?.["deprecated.deployment.rollback.to"], undefined);
  assert.deepEqual(w.events, ['DeploymentRollback: Rolled back deployment "web" to revision 1']);
});

test("a deployment that is being deleted only reports", () => {
  const w = new World({ replicas: 2 });
  w.run();
  w.deployment = { ...w.deployment, metadata: { ...w.deployment.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
  w.change({ replicas: 5, template: w.template("v2") });
  const plan = w.step();
  assert.equal(plan.create, undefined);
  assert.deepEqual(plan.update, []);
});

test("annotations of the deployment reach its new set, those of kubectl apply do not", () => {
  const w = new World();
  w.deployment = {
    ...w.deployment,
    metadata: {
      ...w.deployment.metadata,
      annotations: { "kubernetes.io/change-cause": "x", "kubectl.kubernetes.io/last-applied-configuration": "{}" },
    },
  };
  const annotations = newSetAnnotations(w.deployment, {}, 1n, false);
  assert.equal(annotations["kubernetes.io/change-cause"], "x");
  assert.equal(annotations["kubectl.kubernetes.io/last-applied-configuration"], undefined);
  assert.equal(newSetAnnotations(w.deployment, annotations, 1n, true), annotations);
});

test("the template hash depends on what is in the template, not on the order of its keys", () => {
  const a = { metadata: { labels: { a: "1", b: "2" } }, spec: { containers: [{ name: "c", image: "i" }] } };
  const b = { spec: { containers: [{ image: "i", name: "c" }] }, metadata: { labels: { b: "2", a: "1" } } };
  assert.equal(templateHash(a, undefined), templateHash(b, undefined));
  assert.notEqual(templateHash(a, undefined), templateHash(a, 1));
  assert.match(templateHash(a, undefined), /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
});
