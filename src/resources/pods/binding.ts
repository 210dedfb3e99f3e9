/** `pods/binding` and `bindings`: the scheduler's word that a pod belongs to a node. */
import type { ApiRequest, ApiResponse } from "../../apiserver/request.ts";
import { ApiError, badRequest, conflict, isApiError } from "../../core/api-error.ts";
import { FieldPath, describeFieldError, invalidField, notSupported, required, type FieldError } from "../../schema/field-error.ts";
import type { Binding, Pod } from "../../schema/types/core-v1.ts";
import { created, requestBody } from "../answers.ts";
import type { ResourceDeps } from "../deps.ts";
import { setPodCondition } from "./conditions.ts";

const bindingType = { group: "", version: "v1", kind: "Binding", typeName: "io.k8s.api.core.v1.Binding" };

/** `legacy`: the name comes from the body (`/bindings`), not from the path. */
export function bindingHandler(deps: ResourceDeps, legacy: boolean): (request: ApiRequest) => Promise<ApiResponse> {
  return async (request) => {
    const { object, dryRun } = await requestBody(request, bindingType);
    const binding = object as unknown as Binding;
    const name = legacy ? (binding.metadata?.name ?? "") : request.info.name;
    if (name !== (binding.metadata?.name ?? "")) throw badRequest("name in URL does not match name in Binding object");
    const faults = validateBinding(binding);
    if (faults.length > 0) throw new ApiError(500, "", joined(faults)); // as upstream: the errors are not made a Status
    await assign(deps, request.info.namespace, name, binding, dryRun);
    return created();
  };
}

function validateBinding(binding: Binding): FieldError[] {
  const faults: FieldError[] = [];
  const target = new FieldPath("target");
  const kind = binding.target?.kind ?? "";
  if (kind !== "" && kind !== "Node") faults.push(notSupported(target.child("kind"), kind, ["Node", "<empty>"]));
  const name = binding.target?.name ?? "";
  if (name === "") faults.push(required(target.child("name")));
  else if (name.includes("/") || name.includes("%"))
    faults.push(invalidField(target.child("name"), name, `may not contain '${name.includes("/") ? "/" : "%"}'`));
  return faults;
}

function joined(faults: FieldError[]): string {
  const texts = faults.map(describeFieldError);
  return texts.length === 1 ? (texts[0] as string) : `[${texts.join(", ")}]`;
}

async function assign(deps: ResourceDeps, namespace: string, name: string, binding: Binding, dryRun: boolean): Promise<void> {
  const about = { group: "", resource: "pods/binding" };
  const wished = binding.metadata ?? {};
  const apply = (pod: Pod): void => {
    const refuse = (why: string): Error => conflict(about, name, why);
    if (wished.uid && wished.uid !== pod.metadata?.uid)
      throw conflict({ group: "", resource: "pods" }, name, uidMismatch(wished.uid, pod.metadata?.uid ?? ""));
    if (wished.resourceVersion && wished.resourceVersion !== pod.metadata?.resourceVersion)
      throw conflict({ group: "", resource: "pods" }, name, versionMismatch(wished.resourceVersion, pod.metadata?.resourceVersion ?? ""));
    if (pod.metadata?.deletionTimestamp) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
    if (pod.spec?.nodeName) throw refuse(`pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
    if (pod.spec?.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
    bind(pod, binding, deps.clock.now());
  };
  try {
    if (dryRun) {
      const pod = await deps.objects("", "pods").get(namespace, name);
      if (pod !== undefined) {
        apply(structuredClone(pod) as unknown as Pod);
        return;
      }
    }
    await deps.objects("", "pods").update(namespace, name, (object) => apply(object as unknown as Pod));
  } catch (error) {
    if (isApiError(error)) throw error;
    throw conflict(about, name, error instanceof Error ? error.message : String(error));
  }
}

const uidMismatch = (wished: string, actual: string): string =>
  `Precondition failed: UID in precondition: ${wished}, UID in object meta: ${actual}`;
const versionMismatch = (wished: string, actual: string): string =>
  `Precondition failed: ResourceVersion in precondition: ${wished}, ResourceVersion in object meta: ${actual}`;

function bind(pod: Pod, binding: Binding, now: number): void {
  pod.spec = { ...(pod.spec as NonNullable<Pod["spec"]>), nodeName: binding.target.name };
  const annotations = { ...pod.metadata?.annotations, ...binding.metadata?.annotations };
  const labels = { ...pod.metadata?.labels, ...binding.metadata?.labels };
  pod.metadata = {
    ...pod.metadata,
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
  };
  const { nominatedNodeName: _cleared, ...status } = pod.status ?? {};
  pod.status = status;
  setPodCondition(pod, { type: "PodScheduled", status: "True" }, now);
}
