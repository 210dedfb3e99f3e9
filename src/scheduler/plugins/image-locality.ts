/** Prefers nodes that have the pod's images, weighted by size and by how many nodes have them. */
import type { Pod } from "../../schema/types/core-v1.ts";
import { maxScore, type Plugin } from "../framework.ts";

const megabyte = 1024 * 1024;
const minThreshold = 23 * megabyte;
const maxContainerThreshold = 1000 * megabyte;

export const imageLocality: Plugin = {
  name: "ImageLocality",
  weight: 1,
  prepareScore: ({ pod, snapshot }) => {
    const { images, containers } = imagesOf(pod.pod);
    const spread = images.map((name) => ({ name, share: snapshot.nodesWithImage(name) / snapshot.nodes.length }));
    const present = spread.filter((image) => image.share > 0);
    if (present.length === 0) return undefined;
    const max = maxContainerThreshold * containers;
    return {
      score: (node) => {
        let sum = 0;
        for (const { name, share } of present) {
          const size = node.images.get(name);
          if (size !== undefined) sum += Math.trunc(size * share);
        }
        const clamped = Math.min(max, Math.max(minThreshold, sum));
        return Math.trunc((maxScore * (clamped - minThreshold)) / (max - minThreshold));
      },
    };
  },
};

function imagesOf(pod: Pod): { images: string[]; containers: number } {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const references = [
    ...containers.map((c) => c.image ?? ""),
    ...(pod.spec?.volumes ?? []).flatMap((v) => (v.image?.reference === undefined ? [] : [v.image.reference])),
  ];
  return { images: references.map(withTag), containers: containers.length };
}

function withTag(name: string): string {
  return name.lastIndexOf(":") <= name.lastIndexOf("/") ? `${name}:latest` : name;
}
