import type { AdmissionAttributes, AdmissionPlugin } from "../../apiserver/admission.ts";
import { aggregate } from "../../auth/authorizers.ts";
import { ApiError } from "../../core/api-error.ts";
import { describeFieldError, FieldPath, notSupported } from "../../schema/field-error.ts";
import type { Container, EphemeralContainer, Pod, PodSpec } from "../../schema/types/core-v1.ts";
import { isAbout, refusal } from "./forbidden.ts";

const path = new FieldPath("spec");

function containersOf(spec: PodSpec): [container: Container | EphemeralContainer, at: FieldPath][] {
  const of = (field: "initContainers" | "containers" | "ephemeralContainers"): [Container | EphemeralContainer, FieldPath][] =>
    ((spec[field] as Container[] | undefined) ?? []).map((c, i) => [c, path.child(field).index(i)]);
  return [...of("initContainers"), ...of("containers"), ...of("ephemeralContainers")];
}

/** An update that names no image that the pod did not have. */
function hasNoNewImages(attributes: AdmissionAttributes): boolean {
  if (attributes.operation !== "UPDATE") return false;
  const images = (object: unknown): string[] => containersOf((object as Pod).spec ?? { containers: [] }).map(([c]) => c.image ?? "");
  const old = new Set(images(attributes.oldObject));
  return images(attributes.object).every((image) => old.has(image));
}

/** Who may not pull an image may not run it either, though another pod has brought it to the node. */
export function alwaysPullImages(): AdmissionPlugin {
  return {
    name: "AlwaysPullImages",
    handles: (a) => (a.operation === "CREATE" || a.operation === "UPDATE") && isAbout(a, "", "pods") && !hasNoNewImages(a),
    admit: ({ object }) => {
      const { spec } = object as unknown as Pod;
      if (spec === undefined) return;
      for (const [container] of containersOf(spec)) container.imagePullPolicy = "Always";
      for (const { image } of spec.volumes ?? []) if (image !== undefined) image.pullPolicy = "Always";
    },
    validate: (attributes) => {
      const { spec } = attributes.object as unknown as Pod;
      if (spec === undefined) return;
      const faults = containersOf(spec)
        .filter(([c]) => c.imagePullPolicy !== "Always")
        .map(([c, at]) => notSupported(at.child("imagePullPolicy"), c.imagePullPolicy ?? "", ["Always"]));
      (spec.volumes ?? []).forEach(({ image }, i) => {
        if (image === undefined || image.pullPolicy === "Always") return;
        faults.push(notSupported(path.child("volumes").index(i).child("image", "pullPolicy"), image.pullPolicy ?? "", ["Always"]));
      });
      // Several errors have no status of their own.
      if (faults.length > 0) throw new ApiError(500, "", aggregate(faults.map((f) => refusal(attributes, describeFieldError(f)).message)));
    },
  };
}
