import { badRequest, notFound } from "../../core/api-error.ts";
import type { Pod } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";

/** Every container of a pod in upstream's order of visits: init, app, ephemeral. */
export function containerNames(pod: Pod): string[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {};
  return [...initContainers, ...containers, ...ephemeralContainers].map((c) => c.name);
}

/** The container a request means. Throws 400. */
export function chosenContainer(pod: Pod, wished: string): string {
  const name = pod.metadata?.name ?? "";
  if (wished !== "") {
    if (!containerNames(pod).includes(wished)) throw badRequest(`container ${wished} is not valid for pod ${name}`);
    return wished;
  }
  const containers = pod.spec?.containers ?? [];
  if (containers.length === 1) return (containers[0] as { name: string }).name;
  if (containers.length === 0) throw badRequest(`a container name must be specified for pod ${name}`);
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${containerNames(pod).join(" ")}]`);
}

/** Throws 404. */
export async function storedPod(deps: ResourceDeps, namespace: string, name: string): Promise<Pod> {
  const pod = await deps.objects("", "pods").get(namespace, name);
  if (pod === undefined) throw notFound({ group: "", resource: "pods" }, name);
  return pod as unknown as Pod;
}
