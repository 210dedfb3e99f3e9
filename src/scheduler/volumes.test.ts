import assert from "node:assert/strict";
import { test } from "node:test";
import type { PersistentVolume, PersistentVolumeClaim } from "../schema/types/core-v1.ts";
import type { StorageClass } from "../schema/types/storage-v1.ts";
import { type Decision, schedule } from "./cycle.ts";
import { describeDiagnosis } from "./diagnosis.ts";
import type { PodInfo } from "./pod-info.ts";
import { defaultPlugins } from "./plugins/index.ts";
import type { SchedulerCache } from "./cache.ts";
import { cacheOf, makeNode, makePod, podInfo } from "./test-objects.ts";

interface Volumes {
  claims?: PersistentVolumeClaim[];
  volumes?: PersistentVolume[];
  classes?: StorageClass[];
}

function cacheWith({ claims = [], volumes = [], classes = [] }: Volumes, pods: Parameters<typeof cacheOf>[1] = []): SchedulerCache {
  const nodes = ["a", "b"].map((zone) => makeNode(zone, { labels: { "topology.kubernetes.io/zone": zone } }));
  return cacheOf(nodes, pods, {
    volumes: {
      claim: (namespace, name) => claims.find((c) => c.metadata?.namespace === namespace && c.metadata.name === name),
      volume: (name) => volumes.find((v) => v.metadata?.name === name),
      allVolumes: () => volumes,
      storageClass: (name) => classes.find((c) => c.metadata?.name === name),
    },
  });
}

const claim = (spec: PersistentVolumeClaim["spec"], bound = false): PersistentVolumeClaim => ({
  metadata: {
    name: "data",
    namespace: "default",
    uid: "c",
    ...(bound ? { annotations: { "pv.kubernetes.io/bind-completed": "yes" } } : {}),
  },
  spec,
});

const user = (name = "p"): PodInfo => podInfo(name, { spec: { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "data" } }] } });

const onNode = (name: string): PersistentVolume["spec"] => ({
  capacity: { storage: "10Gi" },
  accessModes: ["ReadWriteOnce"],
  storageClassName: "local",
  nodeAffinity: {
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [name] }] }] },
  },
});

const decide = (cache: SchedulerCache, pod: PodInfo = user()): Decision =>
  schedule(cache, pod, { plugins: defaultPlugins, start: 0, random: () => 0 });

function outcome(decision: Decision): string {
  if (decision.type === "fits") return decision.node.name;
  return decision.type === "unschedulable" ? describeDiagnosis(decision.diagnosis, "") : decision.type;
}

void test("a claim that is missing or waits for its volume holds the pod back", () => {
  assert.equal(outcome(decide(cacheWith({}))), '0/2 nodes are available: persistentvolumeclaim "data" not found.');
  assert.equal(
    outcome(decide(cacheWith({ claims: [claim({ storageClassName: "fast" })] }))),
    "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
  );
});

void test("a bound volume holds the pod to the nodes and zones that reach it", () => {
  const claims = [claim({ volumeName: "pv" }, true)];
  assert.equal(outcome(decide(cacheWith({ claims, volumes: [{ metadata: { name: "pv" }, spec: onNode("b") }] }))), "b");
  const labels = { "topology.kubernetes.io/zone": "b" };
  assert.equal(outcome(decide(cacheWith({ claims, volumes: [{ metadata: { name: "pv", labels }, spec: {} }] }))), "b");
  assert.equal(
    outcome(decide(cacheWith({ claims, volumes: [{ metadata: { name: "pv" }, spec: onNode("c") }] }))),
    "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.",
  );
  assert.equal(
    outcome(decide(cacheWith({ claims }))),
    "0/2 nodes are available: 2 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s).",
  );
});

void test("a claim that waits for its first consumer goes where a volume is free or can be made", () => {
  const local: StorageClass = {
    metadata: { name: "local" },
    provisioner: "kubernetes.io/no-provisioner",
    volumeBindingMode: "WaitForFirstConsumer",
  };
  const wanted = claim({ storageClassName: "local", accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "5Gi" } } });
  const free: PersistentVolume = { metadata: { name: "pv" }, spec: onNode("b"), status: { phase: "Available" } };
  assert.equal(outcome(decide(cacheWith({ claims: [wanted], classes: [local], volumes: [free] }))), "b");
  assert.equal(
    outcome(decide(cacheWith({ claims: [wanted], classes: [local] }))),
    "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.",
  );
  const made: StorageClass = {
    ...local,
    provisioner: "csi.example.com",
    allowedTopologies: [{ matchLabelExpressions: [{ key: "topology.kubernetes.io/zone", values: ["a"] }] }],
  };
  assert.equal(outcome(decide(cacheWith({ claims: [wanted], classes: [made] }))), "a");
});

void test("a claim for one pod at a time is refused while another pod has it", () => {
  const claims = [claim({ volumeName: "pv", accessModes: ["ReadWriteOncePod"] }, true)];
  const volumes: PersistentVolume[] = [{ metadata: { name: "pv" }, spec: {} }];
  const holder = makePod("holder", { node: "a", spec: { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "data" } }] } });
  assert.match(
    outcome(decide(cacheWith({ claims, volumes }, [holder]))),
    /2 node\(s\) unavailable due to PersistentVolumeClaim with ReadWriteOncePod/,
  );
});
