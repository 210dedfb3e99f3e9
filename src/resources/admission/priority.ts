import type { AdmissionAttributes, AdmissionPlugin } from "../../apiserver/admission.ts";
import type { Pod } from "../../schema/types/core-v1.ts";
import type { PriorityClass } from "../../schema/types/scheduling-v1.ts";
import type { PodGroup } from "../../schema/types/scheduling-v1alpha2.ts";
import type { ResourceDeps } from "../deps.ts";
import { isAbout, refusal } from "./forbidden.ts";

const group = "scheduling.k8s.io";

/**
 * Pods, and with `groups` pod groups (KEP-5710), get the number their priority class stands for; one class at most is the default.
 */
export function priority(deps: ResourceDeps, groups: boolean): AdmissionPlugin {
  const defaultClass = async (): Promise<PriorityClass | undefined> => {
    const all = (await deps.objects(group, "priorityclasses").list()) as unknown as PriorityClass[];
    return all.filter((c) => c.globalDefault === true).sort((a, b) => (a.value ?? 0) - (b.value ?? 0))[0];
  };
  const classOf = async (attributes: AdmissionAttributes, name: string): Promise<PriorityClass | undefined> => {
    if (name === "") return await defaultClass();
    const found = await deps.objects(group, "priorityclasses").get("", name);
    if (found === undefined) throw refusal(attributes, `no PriorityClass with name ${name} was found`);
    return found as unknown as PriorityClass;
  };
  const admitGroup = async (attributes: AdmissionAttributes): Promise<void> => {
    const { spec } = attributes.object as unknown as PodGroup;
    const found = await classOf(attributes, spec.priorityClassName ?? "");
    const value = found?.value ?? 0;
    if (spec.priority !== undefined && spec.priority !== value) {
      const computed = `must match the priority computed (${value}) based on the priority class set in the spec`;
      throw refusal(attributes, `priority set in the pod group (${spec.priority}) ${computed}`);
    }
    spec.priority = value;
    if (found?.metadata?.name !== undefined) spec.priorityClassName = found.metadata.name;
  };
  return {
    name: "Priority",
    handles: (a) => {
      if (a.operation !== "CREATE" && a.operation !== "UPDATE") return false;
      if (groups && a.operation === "CREATE" && isAbout(a, group, "podgroups")) return true;
      return isAbout(a, "", "pods") || isAbout(a, group, "priorityclasses");
    },
    admit: async (attributes) => {
      if (attributes.definition.resource === "podgroups") return admitGroup(attributes);
      if (attributes.definition.resource !== "pods") return;
      const { spec } = attributes.object as unknown as Pod;
      if (spec === undefined) return;
      if (attributes.operation === "UPDATE") {
        const old = (attributes.oldObject as unknown as Pod).spec;
        if (spec.priority === undefined && old?.priority !== undefined) spec.priority = old.priority;
        if (spec.preemptionPolicy === undefined && old?.preemptionPolicy !== undefined) spec.preemptionPolicy = old.preemptionPolicy;
        return;
      }
      const found = await classOf(attributes, spec.priorityClassName ?? "");
      if (found?.metadata?.name !== undefined) spec.priorityClassName = found.metadata.name;
      setPriority(attributes, spec, found?.value ?? 0, found === undefined ? "PreemptLowerPriority" : found.preemptionPolicy);
    },
    validate: async (attributes) => {
      if (attributes.definition.resource !== "priorityclasses") return;
      const object = attributes.object as unknown as PriorityClass;
      if (object.globalDefault !== true) return;
      const present = await defaultClass();
      if (present === undefined || (attributes.operation === "UPDATE" && present.metadata?.name === object.metadata?.name)) return;
      throw refusal(attributes, `PriorityClass ${present.metadata?.name ?? ""} is already marked as default. Only one default can exist`);
    },
  };
}

function setPriority(attributes: AdmissionAttributes, spec: NonNullable<Pod["spec"]>, value: number, policy: string | undefined): void {
  const suffix = (what: string | number): string =>
    `must not be provided in pod spec; priority admission controller computed ${what} from the given PriorityClass name`;
  if (spec.priority !== undefined && spec.priority !== value)
    throw refusal(attributes, `the integer value of priority (${spec.priority}) ${suffix(value)}`);
  spec.priority = value;
  if (policy === undefined) return;
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy)
    throw refusal(attributes, `the string value of PreemptionPolicy (${spec.preemptionPolicy}) ${suffix(policy)}`);
  spec.preemptionPolicy = policy;
}
