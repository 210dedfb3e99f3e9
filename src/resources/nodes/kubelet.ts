/** Where a node's kubelet listens, and how it is reached. */
import { ApiError, notFound } from "../../core/api-error.ts";
import type { Node } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import type { Backend, BackendTls } from "../proxy/backend.ts";

export interface Kubelet {
  readonly backend: Backend;
  /** The same without looking at the kubelet's certificate. */
  readonly unchecked: Backend;
  /** It takes WebSocket streams itself (`ExtendWebSocketsToKubelet`); others get SPDY from us. */
  readonly websockets: boolean;
}

const defaultPort = 10250;
const defaultAddressTypes = ["Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP"];

/** Finds kubelets by node name, one a server. */
export class Kubelets {
  readonly #deps: ResourceDeps;
  readonly #tls: BackendTls;
  readonly #unchecked: BackendTls;

  constructor(deps: ResourceDeps) {
    this.#deps = deps;
    const { ca, cert, key } = deps.kubelet ?? {};
    this.#tls = { ca, cert, key, verify: ca !== undefined };
    this.#unchecked = { cert, key, verify: false };
  }

  /**
   * Throws 404 for a node that does not exist, 500 for one without a usable address. `resource`: what the request is about:
   * upstream's 404 names it as if it were the node's.
   */
  async find(nodeName: string, resource: "nodes" | "pods"): Promise<Kubelet> {
    const node = (await this.#deps.objects("", "nodes").get("", nodeName)) as unknown as Node | undefined;
    if (node === undefined) throw notFound({ group: "", resource }, nodeName);
    const local = this.#deps.kubelet?.local?.(nodeName);
    if (local !== undefined) {
      const backend: Backend = { scheme: "http", host: nodeName, port: kubeletPort(node), dial: () => local.dial() };
      return { backend, unchecked: backend, websockets: true };
    }
    const host = this.#address(node);
    const port = kubeletPort(node);
    return {
      backend: { scheme: "https", host, port, tls: this.#tls },
      unchecked: { scheme: "https", host, port, tls: this.#unchecked },
      websockets: node.status?.declaredFeatures?.includes("ExtendWebSocketsToKubelet") ?? false,
    };
  }

  #address(node: Node): string {
    const addresses = node.status?.addresses ?? [];
    for (const type of this.#deps.kubelet?.preferredAddressTypes ?? defaultAddressTypes) {
      const found = addresses.find((a) => a.type === type);
      if (found !== undefined) return found.address;
    }
    const known = addresses.map((a) => `{${a.type} ${a.address}}`).join(" ");
    throw new ApiError(500, "", `no preferred addresses found; known addresses: [${known}]`);
  }
}

function kubeletPort(node: Node): number {
  const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
  return port > 0 ? port : defaultPort;
}
