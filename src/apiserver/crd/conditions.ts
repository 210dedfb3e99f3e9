/** The conditions of a CustomResourceDefinition, with upstream's reasons and messages. Pure. */
import { formatTime } from "../../core/clock.ts";
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition as Condition,
  CustomResourceDefinitionStatus as Status,
} from "../../schema/types/apiextensions-v1.ts";

export const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

export type NewCondition = Omit<Condition, "lastTransitionTime">;

export function findCondition(crd: CustomResourceDefinition, type: string): Condition | undefined {
  return crd.status?.conditions?.find((c) => c.type === type);
}

export function isTrue(crd: CustomResourceDefinition, type: string): boolean {
  return findCondition(crd, type)?.status === "True";
}

/** Puts a condition in, at its old place. Its time moves when its status does. Answers whether anything changed. */
export function setCondition(status: Status, condition: NewCondition, now: number): boolean {
  const conditions = (status.conditions ??= []);
  const at = conditions.findIndex((c) => c.type === condition.type);
  const old = conditions[at];
  if (old === undefined) {
    conditions.push({ lastTransitionTime: formatTime(now), ...condition });
    return true;
  }
  if (old.status === condition.status && old.reason === condition.reason && old.message === condition.message) return false;
  conditions[at] = {
    ...condition,
    lastTransitionTime: old.status === condition.status ? old.lastTransitionTime : formatTime(now),
  };
  return true;
}

export const established: NewCondition = {
  type: "Established",
  status: "True",
  reason: "InitialNamesAccepted",
  message: "the initial names have been accepted",
};

export const notAccepted: NewCondition = {
  type: "Established",
  status: "False",
  reason: "NotAccepted",
  message: "not all names are accepted",
};

export function terminating(status: "True" | "False", reason: string, message: string): NewCondition {
  return { type: "Terminating", status, reason, message };
}

const approvalAnnotation = "api-approved.kubernetes.io";
const approvalRules = "see https://github.com/kubernetes/enhancements/pull/1111";

/** Groups of the community need a word that their API was reviewed; undefined for other groups. */
export function approvalCondition(crd: CustomResourceDefinition): NewCondition | undefined {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(crd.spec.group)) return undefined;
  const annotation = crd.metadata?.annotations?.[approvalAnnotation] ?? "";
  const condition = (status: "True" | "False", reason: string, message: string): NewCondition => ({
    type: "KubernetesAPIApprovalPolicyConformant",
    status,
    reason,
    message,
  });
  if (annotation === "") {
    return condition(
      "False",
      "MissingAnnotation",
      `protected groups must have approval annotation "${approvalAnnotation}", ${approvalRules}`,
    );
  }
  if (annotation.startsWith("unapproved")) return condition("False", "UnapprovedAnnotation", `not approved: ${JSON.stringify(annotation)}`);
  if (URL.canParse(annotation) && new URL(annotation).host !== "")
    return condition("True", "ApprovedAnnotation", `approved in ${annotation}`);
  const message = `protected groups must have approval annotation "${approvalAnnotation}" with either a URL or a reason starting with "unapproved", ${approvalRules}`;
  return condition("False", "InvalidAnnotation", message);
}
