/** Whether the priority level a FlowSchema names exists: its `Dangling` condition (KEP-1040). */
import { hasReason } from "../../core/api-error.ts";
import { formatTime } from "../../core/clock.ts";
import { flowschemas } from "../../schema/types/flowcontrol-v1.ts";
import type { FlowSchema } from "../../schema/types/flowcontrol-v1.ts";
import type { ResourceDeps } from "../deps.ts";

const group = "flowcontrol.apiserver.k8s.io";

export async function reconcileFlowSchemas(deps: ResourceDeps): Promise<void> {
  const levels = await deps.objects(group, "prioritylevelconfigurations").list();
  const known = new Set(levels.map((l) => l.metadata?.name));
  const schemas = (await deps.objects(group, "flowschemas").list()) as unknown as FlowSchema[];
  await Promise.all(schemas.map((schema) => update(deps, schema, known)));
}

async function update(deps: ResourceDeps, schema: FlowSchema, known: ReadonlySet<string | undefined>): Promise<void> {
  const level = schema.spec?.priorityLevelConfiguration.name ?? "";
  const dangling = !known.has(level);
  const status = dangling ? "True" : "False";
  const old = schema.status?.conditions?.find((c) => c.type === "Dangling");
  const start = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)}`;
  const message = dangling ? `${start} but there is no such object` : `${start} and it exists`;
  if (old?.status === status && old.message === message) return;
  const lastTransitionTime = old?.status === status && old.lastTransitionTime ? old.lastTransitionTime : formatTime(deps.clock.now());
  const condition = { type: "Dangling", status, reason: dangling ? "NotFound" : "Found", message, lastTransitionTime };
  const name = schema.metadata?.name ?? "";
  const applied = { apiVersion: `${group}/v1`, kind: "FlowSchema", metadata: { name }, status: { conditions: [condition] } };
  const how = { subresource: "status", fieldManager: "api-priority-and-fairness-config-consumer-v1", force: true };
  try {
    await deps.client().resource(flowschemas).patch(name, "apply", applied, how);
  } catch (error) {
    // Changed or gone meanwhile: the next round looks again.
    if (!hasReason(error, "Conflict", "NotFound")) throw error;
  }
}
