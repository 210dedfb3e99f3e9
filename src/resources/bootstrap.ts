/**
 * What every cluster has from its first second: namespaces, RBAC roles and bindings, priority classes, flow control, the
 * default ServiceCIDR. One pass at start: each kind is listed once, what is missing is created, what upstream reconciles is
 * reconciled.
 */
import facts from "../../facts/bootstrap-objects.json" with { type: "json" };
import type { Client } from "../client/client.ts";
import { hasReason } from "../core/api-error.ts";
import type { FeatureGates } from "../core/feature-gates.ts";
import { formatTime, systemClock, type Clock } from "../core/clock.ts";
import { mutable, objectKey, type KubeObject } from "../schema/object.ts";
import type { ResourceRef } from "../schema/resource-ref.ts";
import { namespaces } from "../schema/types/core-v1.ts";
import { flowschemas, prioritylevelconfigurations } from "../schema/types/flowcontrol-v1.ts";
import { servicecidrs } from "../schema/types/networking-v1.ts";
import { clusterrolebindings, clusterroles, rolebindings, roles } from "../schema/types/rbac-v1.ts";
import { priorityclasses } from "../schema/types/scheduling-v1.ts";
import { reconcileBinding, reconcileRole } from "./bootstrap/rbac-reconciliation.ts";
import { gatedPolicy } from "./bootstrap/gated-policy.ts";
import { reconcileFlowControl } from "./bootstrap/flow-control.ts";

export interface BootstrapOptions {
  /** Default `["10.96.0.0/16"]`. */
  readonly serviceCidrs?: readonly string[] | undefined;
  readonly clock?: Clock | undefined;
  /** Which gates are on; the defaults when absent. */
  readonly features?: FeatureGates | undefined;
}

/** Answers the object to write, or undefined when `existing` may stay. `recreate`: it must be deleted first. */
export type Reconcile = (existing: KubeObject, wished: KubeObject) => { object: KubeObject; recreate?: boolean } | undefined;

const flowControlManager = "api-priority-and-fairness-config-producer-v1";

/** In this order; within a kind everything at once, so that a store with group commit syncs once. */
const kinds: readonly {
  readonly kind: string;
  readonly ref: ResourceRef<KubeObject>;
  readonly reconcile?: Reconcile;
  readonly fieldManager?: string;
}[] = [
  { kind: "Namespace", ref: namespaces },
  { kind: "ClusterRole", ref: clusterroles, reconcile: reconcileRole },
  { kind: "ClusterRoleBinding", ref: clusterrolebindings, reconcile: reconcileBinding },
  { kind: "Role", ref: roles, reconcile: reconcileRole },
  { kind: "RoleBinding", ref: rolebindings, reconcile: reconcileBinding },
  { kind: "PriorityClass", ref: priorityclasses },
  {
    kind: "PriorityLevelConfiguration",
    ref: prioritylevelconfigurations,
    reconcile: reconcileFlowControl,
    fieldManager: flowControlManager,
  },
  { kind: "FlowSchema", ref: flowschemas, reconcile: reconcileFlowControl, fieldManager: flowControlManager },
];

/** `client` must be in `system:masters`. Idempotent; safe with several servers starting at once. */
export async function ensureBootstrapObjects(client: Client, options: BootstrapOptions = {}): Promise<void> {
  const objects = facts as unknown as (KubeObject & { kind: string })[];
  const wished = Map.groupBy(options.features === undefined ? objects : gatedPolicy(objects, options.features), (o) => o.kind);
  const [first, ...rest] = kinds;
  if (first !== undefined) await ensureKind(client, first, wished.get(first.kind) ?? []);
  await Promise.all(rest.map((kind) => ensureKind(client, kind, wished.get(kind.kind) ?? [])));
  await ensureServiceCidr(client, options);
}

/**
 * Flow control's own objects, again: what was deleted comes back, what was changed and is kept up to date is mended, and what
 * an earlier release has left goes.
 */
export async function ensureFlowControlObjects(client: Client): Promise<void> {
  const wished = Map.groupBy(facts as unknown as (KubeObject & { kind: string })[], (o) => o.kind);
  for (const kind of kinds) {
    if (kind.reconcile !== reconcileFlowControl) continue;
    const objects = wished.get(kind.kind) ?? [];
    await ensureKind(client, kind, objects);
    const names = new Set(objects.map((o) => o.metadata?.name));
    for (const object of (await client.resource(kind.ref).list()).items) {
      if (names.has(object.metadata?.name) || object.metadata?.annotations?.["apf.kubernetes.io/autoupdate-spec"] !== "true") continue;
      await ignoring("NotFound", client.resource(kind.ref).delete(object.metadata.name ?? ""));
    }
  }
}

async function ensureKind(
  client: Client,
  { ref, reconcile, fieldManager }: (typeof kinds)[number],
  wished: readonly KubeObject[],
): Promise<void> {
  const present = new Map((await client.resource(ref).list()).items.map((o) => [objectKey(o), o]));
  const options = fieldManager === undefined ? {} : { fieldManager };
  await Promise.all(
    wished.map(async (object) => {
      const existing = present.get(objectKey(object));
      const at = client.resource(ref, object.metadata?.namespace ?? "");
      if (existing === undefined) {
        await ignoring("AlreadyExists", at.create(asCreated(object), options));
        return;
      }
      const change = reconcile?.(existing, object);
      if (change === undefined) return;
      if (change.recreate !== true) await ignoring("Conflict", at.update(change.object, options));
      else {
        await at.delete(object.metadata?.name ?? "", {
          preconditions: existing.metadata?.uid === undefined ? {} : { uid: existing.metadata.uid },
        });
        await ignoring("AlreadyExists", at.create(change.object, options));
      }
    }),
  );
}

const descriptions: Readonly<Record<string, string>> = {
  "system-cluster-critical": "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
  "system-node-critical": "Used for system critical pods that must not be moved from their current node.",
};

/** A new object without what the server adds by itself, whose manager would be who creates it. */
function asCreated(object: KubeObject): KubeObject {
  const { spec, ...rest } = mutable(object) as KubeObject & { spec?: unknown };
  if (object.kind === "Namespace") return rest;
  const description = object.kind === "PriorityClass" ? descriptions[object.metadata?.name ?? ""] : undefined;
  return { ...rest, ...(spec === undefined ? {} : { spec }), ...(description === undefined ? {} : { description }) };
}

/** Another server was faster: it writes the same. */
async function ignoring(reason: "AlreadyExists" | "Conflict" | "NotFound", write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!hasReason(error, reason)) throw error;
  }
}

const defaultCidr = "kubernetes";

async function ensureServiceCidr(client: Client, options: BootstrapOptions): Promise<void> {
  const cidrs = [...(options.serviceCidrs ?? ["10.96.0.0/16"])];
  const at = client.resource(servicecidrs);
  let found = (await at.list()).items.find((c) => c.metadata?.name === defaultCidr);
  if (found === undefined) {
    await ignoring("AlreadyExists", at.create({ metadata: { name: defaultCidr }, spec: { cidrs } }));
    found = await at.get(defaultCidr);
  }
  const upgrade = cidrs.length === 2 && found.spec?.cidrs?.length === 1 && found.spec.cidrs[0] === cidrs[0];
  if (upgrade) {
    await ignoring("Conflict", at.update({ ...mutable(found), spec: { cidrs } }));
    found = await at.get(defaultCidr);
  }
  const same = JSON.stringify(found.spec?.cidrs ?? []) === JSON.stringify(cidrs);
  const ready = found.status?.conditions?.find((c) => c.type === "Ready");
  if (!same || found.metadata?.deletionTimestamp !== undefined || (ready !== undefined && ready.status !== "Unknown")) return;
  const lastTransitionTime = formatTime((options.clock ?? systemClock).now());
  const condition = { type: "Ready", status: "True", message: "Kubernetes default Service CIDR is ready", lastTransitionTime };
  const applied = {
    apiVersion: "networking.k8s.io/v1",
    kind: "ServiceCIDR",
    metadata: { name: defaultCidr },
    status: { conditions: [condition] },
  };
  const how = { subresource: "status", fieldManager: "kubernetes-service-cidr-controller", force: true };
  await ignoring("Conflict", at.patch(defaultCidr, "apply", applied, how));
}
