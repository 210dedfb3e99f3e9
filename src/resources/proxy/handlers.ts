/** `pods/proxy`, `services/proxy`, `nodes/proxy`. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { ApiRequest, ApiResponse } from "../../apiserver/request.ts";
import { badRequest, serviceUnavailable } from "../../core/api-error.ts";
import type { Pod } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import type { Kubelets } from "../nodes/kubelet.ts";
import { storedPod } from "../pods/containers.ts";
import { proxiedEndpoint } from "../services/endpoint-resolution.ts";
import { hostPort, type Backend, type BackendTls } from "./backend.ts";
import { isGlobalUnicast } from "./global-unicast.ts";
import { reverseProxy } from "./reverse-proxy.ts";
import { targetName } from "./target-name.ts";
import { tunnelUpgrade, wantsUpgrade } from "./upgrade-tunnel.ts";

type Handler = (request: ApiRequest) => Promise<ApiResponse>;

/** Pods and services answer for themselves: their certificates are nobody's business here, as upstream has it. */
const unchecked: BackendTls = { verify: false };

export function podProxyHandler(deps: ResourceDeps): Handler {
  return proxyHandler(async (request) => {
    const target = targetName(request.info.name);
    if (target === undefined) throw badRequest(`invalid pod request ${JSON.stringify(request.info.name)}`);
    const pod = await storedPod(deps, request.info.namespace, target.name);
    const port = target.port === "" ? firstPort(pod.spec?.containers ?? []) : target.port;
    const ip = pod.status?.podIPs?.[0]?.ip ?? "";
    if (!isGlobalUnicast(ip)) throw badRequest("address not allowed");
    const scheme = target.scheme === "https" ? "https" : "http";
    const number = port === "" ? (scheme === "https" ? 443 : 80) : Number(port);
    refuseSimulated(deps, pod, ip, number);
    return { scheme, host: ip, port: number, tls: unchecked };
  });
}

export function serviceProxyHandler(deps: ResourceDeps): Handler {
  return proxyHandler(async (request) => {
    const target = targetName(request.info.name);
    if (target === undefined) throw badRequest(`invalid service request ${JSON.stringify(request.info.name)}`);
    const { ip, port, pod } = await proxiedEndpoint(deps, request.info.namespace, target, request.info.name);
    refuseSimulated(deps, pod, ip, port);
    return { scheme: target.scheme === "https" ? "https" : "http", host: ip, port, tls: unchecked };
  });
}

export function nodeProxyHandler(deps: ResourceDeps, kubelets: Kubelets): Handler {
  return proxyHandler(async (request) => {
    const target = targetName(request.info.name);
    if (target === undefined) throw badRequest(`invalid node request ${JSON.stringify(request.info.name)}`);
    const { backend } = await kubelets.find(target.name, "nodes");
    if (backend.dial === undefined) await checkHost(backend.host);
    if (target.port === "" || target.port === String(backend.port)) return backend;
    return { scheme: target.scheme === "https" ? "https" : "http", host: backend.host, port: Number(target.port), tls: unchecked };
  });
}

function proxyHandler(locate: (request: ApiRequest) => Promise<Backend>): Handler {
  return async (request) => {
    const path = request.info.trailing;
    const backend = await locate(request);
    if (wantsUpgrade(request) && request.upgrade !== undefined) {
      const query = request.query.toString();
      return await tunnelUpgrade(request, backend, (path === "" ? "/" : path) + (query === "" ? "" : `?${query}`));
    }
    return await reverseProxy(request, backend, path);
  };
}

/** Pods of simulated nodes have addresses that lead nowhere, or worse, to somebody else. */
function refuseSimulated(deps: ResourceDeps, pod: Pod, ip: string, port: number): void {
  if (deps.kubelet?.local?.(pod.spec?.nodeName ?? "") === undefined) return;
  throw serviceUnavailable(`error trying to reach service: dial tcp ${hostPort({ host: ip, port })}: connect: no route to host`);
}

function firstPort(containers: readonly { ports?: readonly { containerPort?: number }[] | undefined }[]): string {
  for (const c of containers) if (c.ports !== undefined && c.ports.length > 0) return String(c.ports[0]?.containerPort ?? "");
  return "";
}

/** Loopback and link-local addresses are not proxied to: they would be this machine's own. */
async function checkHost(host: string): Promise<void> {
  let addresses: string[];
  try {
    addresses = isIP(host) === 0 ? (await lookup(host, { all: true })).map((a) => a.address) : [host];
  } catch (error) {
    throw badRequest(`lookup ${host}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (addresses.length === 0) throw badRequest("no addresses for hostname");
  if (!addresses.every(isGlobalUnicast)) throw badRequest("address not allowed");
}
