/**
 * Which node has a reason to see which object: counted references, since several pods of a node may name the same secret.
 * A volume is seen by the nodes that see its claim, and its secrets with it.
 */
import type { Histogram, MetricsRegistry } from "../../core/metrics.ts";
import { jsonEqual } from "../../schema/patch/tree.ts";
import type { PodCertificateRequest } from "../../schema/types/certificates-v1beta1.ts";
import type { PersistentVolume, Pod } from "../../schema/types/core-v1.ts";
import type { ResourceSlice } from "../../schema/types/resource-v1.ts";
import type { VolumeAttachment } from "../../schema/types/storage-v1.ts";
import type { ObjectHandlers, ObjectSource } from "../object-source.ts";
import { podReferences } from "./pod-references.ts";

export type VertexKind =
  | "configmap"
  | "secret"
  | "pod"
  | "pvc"
  | "pv"
  | "resourceclaim"
  | "serviceaccount"
  | "volumeattachment"
  | "resourceslice"
  | "podcertificaterequest";

export interface NodeGraphSources {
  readonly pods: ObjectSource<Pod>;
  readonly persistentVolumes: ObjectSource<PersistentVolume>;
  readonly volumeAttachments: ObjectSource<VolumeAttachment>;
  /** Absent where the cluster does not serve them. */
  readonly resourceSlices?: ObjectSource<ResourceSlice> | undefined;
  readonly podCertificateRequests?: ObjectSource<PodCertificateRequest> | undefined;
}

const mirrorAnnotation = "kubernetes.io/config.mirror";

const vertex = (kind: VertexKind, namespace: string, name: string): string => `${kind}/${namespace}/${name}`;

interface Edge {
  readonly from: string;
  /** A node's name, or another vertex that is seen by nodes. */
  readonly to: string;
}

/** Seconds: a tenth of a millisecond and, eleven times, twice as much. */
const durationBuckets = Array.from({ length: 12 }, (_, i) => 0.0001 * 2 ** i);

/** Vertex → what it points at → how often. */
type Edges = Map<string, Map<string, number>>;

export class NodeGraph {
  readonly #toNodes: Edges = new Map();
  readonly #toVertices: Edges = new Map();
  readonly #stops: (() => void)[] = [];
  readonly #durations: Histogram | undefined;

  constructor(sources: NodeGraphSources, metrics?: MetricsRegistry) {
    this.#durations = metrics?.histogram(
      "node_authorizer_graph_actions_duration_seconds",
      "Histogram of duration of graph actions in node authorizer.",
      ["operation"],
      durationBuckets,
    );
    this.#follow("Pod", sources.pods, (pod) => ({ nodes: podEdges(pod), vertices: [] }), samePodReferences);
    this.#follow("PV", sources.persistentVolumes, (pv) => ({ nodes: [], vertices: volumeEdges(pv) }));
    this.#follow("VolumeAttachment", sources.volumeAttachments, (va) => ({
      nodes: toNode(vertex("volumeattachment", "", va.metadata?.name ?? ""), va.spec.nodeName),
      vertices: [],
    }));
    if (sources.resourceSlices !== undefined) {
      this.#follow("ResourceSlice", sources.resourceSlices, (slice) => ({
        nodes: toNode(vertex("resourceslice", "", slice.metadata?.name ?? ""), slice.spec.nodeName),
        vertices: [],
      }));
    }
    if (sources.podCertificateRequests !== undefined) {
      this.#follow("PodCertificateRequest", sources.podCertificateRequests, (request) => ({
        nodes: toNode(
          vertex("podcertificaterequest", request.metadata?.namespace ?? "", request.metadata?.name ?? ""),
          request.spec.nodeName,
        ),
        vertices: [],
      }));
    }
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  /** `same`: the object points at what the old one pointed at. */
  #follow<T extends object>(
    what: string,
    source: ObjectSource<T>,
    edgesOf: (object: T) => { nodes: Edge[]; vertices: Edge[] },
    same?: (object: T, old: T) => boolean,
  ): void {
    const added = this.#durations?.at({ operation: `Add${what}` });
    const deleted = this.#durations?.at({ operation: `Delete${what}` });
    const count = (object: T, by: 1 | -1): void => {
      const started = performance.now();
      const { nodes, vertices } = edgesOf(object);
      for (const edge of nodes) change(this.#toNodes, edge, by);
      for (const edge of vertices) change(this.#toVertices, edge, by);
      (by === 1 ? added : deleted)?.((performance.now() - started) / 1000);
    };
    const handlers: ObjectHandlers<T> = {
      onAdd: (object) => count(object, 1),
      onUpdate: (object, old) => {
        if (same?.(object, old) === true) return;
        count(object, 1);
        count(old, -1);
      },
      onDelete: (object) => count(object, -1),
    };
    this.#stops.push(source.addHandlers(handlers));
  }

  /** True when `node` has a reason to see the object. */
  related(node: string, kind: VertexKind, namespace: string, name: string): boolean {
    return this.#reaches(vertex(kind, namespace, name), node);
  }

  /** At most secret → volume → claim: the chains are short and have no cycle. */
  #reaches(from: string, node: string): boolean {
    if (this.#toNodes.get(from)?.has(node) === true) return true;
    const next = this.#toVertices.get(from);
    if (next === undefined) return false;
    for (const to of next.keys()) if (this.#reaches(to, node)) return true;
    return false;
  }
}

/** Other references of a pod cannot change. */
function samePodReferences(pod: Pod, old: Pod): boolean {
  const counts = (p: Pod): number => p.spec?.ephemeralContainers?.length ?? 0;
  return (
    pod.spec?.nodeName === old.spec?.nodeName &&
    pod.metadata?.uid === old.metadata?.uid &&
    counts(pod) === counts(old) &&
    pod.metadata?.annotations?.[mirrorAnnotation] === old.metadata?.annotations?.[mirrorAnnotation] &&
    jsonEqual(pod.status?.resourceClaimStatuses, old.status?.resourceClaimStatuses) &&
    jsonEqual(pod.status?.extendedResourceClaimStatus, old.status?.extendedResourceClaimStatus)
  );
}

function change(edges: Edges, { from, to }: Edge, by: 1 | -1): void {
  let targets = edges.get(from);
  if (targets === undefined) edges.set(from, (targets = new Map()));
  const count = (targets.get(to) ?? 0) + by;
  if (count > 0) targets.set(to, count);
  else {
    targets.delete(to);
    if (targets.size === 0) edges.delete(from);
  }
}

function toNode(from: string, node: string | undefined): Edge[] {
  return node ? [{ from, to: node }] : [];
}

function podEdges(pod: Pod): Edge[] {
  const node = pod.spec?.nodeName;
  if (!node) return [];
  const namespace = pod.metadata?.namespace ?? "";
  const edges: Edge[] = [{ from: vertex("pod", namespace, pod.metadata?.name ?? ""), to: node }];
  // A node makes mirror pods itself: they must not open anything for it.
  if (pod.metadata?.annotations?.[mirrorAnnotation] !== undefined) return edges;
  const add = (kind: VertexKind, name: string): void => void edges.push({ from: vertex(kind, namespace, name), to: node });
  if (pod.spec?.serviceAccountName) add("serviceaccount", pod.spec.serviceAccountName);
  const refs = podReferences(pod);
  for (const name of refs.secrets) add("secret", name);
  for (const name of refs.configMaps) add("configmap", name);
  for (const name of refs.claims) add("pvc", name);
  for (const name of refs.resourceClaims) add("resourceclaim", name);
  return edges;
}

function volumeEdges(pv: PersistentVolume): Edge[] {
  const claim = pv.spec?.claimRef;
  if (claim === undefined) return [];
  const volume = vertex("pv", "", pv.metadata?.name ?? "");
  const edges: Edge[] = [{ from: volume, to: vertex("pvc", claim.namespace ?? "", claim.name ?? "") }];
  const add = (namespace: string | undefined, name: string | undefined): void => {
    if (name) edges.push({ from: vertex("secret", namespace ? namespace : (claim.namespace ?? ""), name), to: volume });
  };
  const s = pv.spec;
  add(s?.azureFile?.secretNamespace, s?.azureFile?.secretName);
  for (const ref of [s?.cephfs?.secretRef, s?.cinder?.secretRef, s?.flexVolume?.secretRef, s?.rbd?.secretRef, s?.scaleIO?.secretRef]) {
    add(ref?.namespace, ref?.name);
  }
  for (const ref of [s?.iscsi?.secretRef, s?.storageos?.secretRef]) add(ref?.namespace, ref?.name);
  for (const ref of [s?.csi?.nodePublishSecretRef, s?.csi?.nodeStageSecretRef, s?.csi?.nodeExpandSecretRef]) add(ref?.namespace, ref?.name);
  return edges;
}
