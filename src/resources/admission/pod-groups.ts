/** PodGroupProtection, PodGroupWorkloadExists, JobValidation: pods that are scheduled together (KEP-4671). Off but for `GenericWorkload`. */
import type { AdmissionPlugin } from "../../apiserver/admission.ts";
import type { Job } from "../../schema/types/batch-v1.ts";
import type { PodGroup, Workload } from "../../schema/types/scheduling-v1alpha2.ts";
import type { ResourceDeps } from "../deps.ts";
import { isAbout, refusal } from "./forbidden.ts";

const group = "scheduling.k8s.io";
const finalizer = "scheduling.k8s.io/podgroup-protection";

/** A group goes only when its pods have. */
export function podGroupProtection(): AdmissionPlugin {
  return {
    name: "PodGroupProtection",
    handles: (a) => a.operation === "CREATE" && isAbout(a, group, "podgroups"),
    admit: ({ object }) => {
      if (object === undefined || object.metadata?.finalizers?.includes(finalizer) === true) return;
      object.metadata = { ...object.metadata, finalizers: [...(object.metadata?.finalizers ?? []), finalizer] };
    },
  };
}

/** The workload that a group says it was made from is there, and has such a group. */
export function podGroupWorkloadExists(deps: ResourceDeps): AdmissionPlugin {
  return {
    name: "PodGroupWorkloadExists",
    handles: (a) => a.operation === "CREATE" && isAbout(a, group, "podgroups"),
    validate: async (attributes) => {
      const reference = (attributes.object as unknown as PodGroup).spec.podGroupTemplateRef?.workload;
      if (!reference) return;
      const { workloadName, podGroupTemplateName } = reference;
      const found = await deps.objects(group, "workloads").get(attributes.namespace, workloadName);
      const named = JSON.stringify(workloadName);
      if (found === undefined) throw refusal(attributes, `PodGroup rejected: Workload ${named} not found`);
      if (found.metadata?.deletionTimestamp !== undefined)
        throw refusal(attributes, `PodGroup rejected: Workload ${named} is being deleted`);
      if ((found as unknown as Workload).spec.podGroupTemplates.some((t) => t.name === podGroupTemplateName)) return;
      throw refusal(
        attributes,
        `PodGroup rejected: PodGroupTemplate ${JSON.stringify(podGroupTemplateName)} not found in Workload ${named}`,
      );
    },
  };
}

/** A gang has as many members as it has: the parallelism of its job stays. */
export function jobValidation(deps: ResourceDeps): AdmissionPlugin {
  const gangOf = async (job: Job, namespace: string): Promise<PodGroup | undefined> => {
    const isGang = (g: PodGroup | undefined): boolean => g?.spec.schedulingPolicy.gang !== undefined;
    const named = job.spec?.template.spec?.schedulingGroup?.podGroupName;
    if (named !== undefined) {
      const found = (await deps.objects(group, "podgroups").get(namespace, named)) as unknown as PodGroup | undefined;
      return isGang(found) ? found : undefined;
    }
    const all = (await deps.objects(group, "podgroups").list(namespace)) as unknown as PodGroup[];
    return all.find(
      (g) => isGang(g) && g.metadata?.ownerReferences?.some((o) => o.controller === true && o.uid === job.metadata?.uid) === true,
    );
  };
  return {
    name: "JobValidation",
    handles: (a) => a.operation === "UPDATE" && isAbout(a, "batch", "jobs"),
    validate: async (attributes) => {
      const job = attributes.object as unknown as Job;
      const old = attributes.oldObject as unknown as Job;
      if (job.spec?.parallelism === old.spec?.parallelism) return;
      const gang = await gangOf(old, attributes.namespace);
      if (gang === undefined) return;
      const name = JSON.stringify(gang.metadata?.name ?? "");
      throw refusal(attributes, `cannot change parallelism for a Job referencing gang-scheduled PodGroup ${name}`);
    },
  };
}
