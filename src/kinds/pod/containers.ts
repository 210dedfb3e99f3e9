/** Which containers a pod has, and of which sort. */
import type { Container, EphemeralContainer, PodSpec } from "../../schema/types/core-v1.ts";

export type ContainerField = "initContainers" | "containers" | "ephemeralContainers";

/** Runs beside the regular containers although it is an init container (KEP-753). */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === "Always";
}

/** Calls `visit` for every container, in upstream's order: init, regular, ephemeral. */
export function visitContainers(
  spec: PodSpec | undefined,
  visit: (container: Container | EphemeralContainer, field: ContainerField, index: number) => void,
): void {
  if (!spec) return;
  spec.initContainers?.forEach((c, i) => visit(c, "initContainers", i));
  // A pod decoded without containers carries Go's null.
  (spec.containers as Container[] | null | undefined)?.forEach((c, i) => visit(c, "containers", i));
  spec.ephemeralContainers?.forEach((c, i) => visit(c, "ephemeralContainers", i));
}

/** The container of that name, whichever sort it is. */
export function findContainer(spec: PodSpec | undefined, name: string): Container | EphemeralContainer | undefined {
  let found: Container | EphemeralContainer | undefined;
  visitContainers(spec, (c) => {
    if (found === undefined && c.name === name) found = c;
  });
  return found;
}
