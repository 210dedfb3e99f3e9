/** `pods/exec`, `pods/attach`, `pods/portforward`: connections to the node's kubelet. */
import type { ApiRequest, ApiResponse } from "../../apiserver/request.ts";
import { parseBoolean } from "../../apiserver/verbs/options.ts";
import { badRequest } from "../../core/api-error.ts";
import { forbiddenError } from "../../auth/authorizers.ts";
import { offeredProtocols } from "../../host/websocket/accept.ts";
import type { ResourceDeps } from "../deps.ts";
import type { Kubelets } from "../nodes/kubelet.ts";
import { tunnelUpgrade, wantsUpgrade } from "../proxy/upgrade-tunnel.ts";
import { chosenContainer, storedPod } from "./containers.ts";
import { translateCommand, translatePortForward } from "./translate.ts";

type Connecting = "exec" | "attach" | "portforward";

export function connectHandler(deps: ResourceDeps, kubelets: Kubelets, what: Connecting): (request: ApiRequest) => Promise<ApiResponse> {
  return async (request) => {
    const options = connectOptions(request.query, what);
    await requireCreate(deps, request);
    const { namespace, name } = request.info;
    const pod = await storedPod(deps, namespace, name);
    const container = what === "portforward" ? "" : chosenContainer(pod, options.container ?? "");
    const nodeName = pod.spec?.nodeName ?? "";
    if (nodeName === "") throw badRequest(`pod ${name} does not have a host assigned`);
    const kubelet = await kubelets.find(nodeName, "pods");
    if (!wantsUpgrade(request) || request.upgrade === undefined) throw badRequest("Upgrade request required");
    const query = kubeletQuery(options);
    const base = what === "portforward" ? `/portForward/${namespace}/${name}` : `/${what}/${namespace}/${name}/${container}`;
    const path = query === "" ? base : `${base}?${query}`;
    if (!kubelet.websockets) {
      const offered = offeredProtocols(request.headers);
      if (what === "portforward" && offered.some((p) => p.startsWith("SPDY/3.1+")))
        return await translatePortForward(request, kubelet.backend, path);
      if (what !== "portforward" && offered.includes("v5.channel.k8s.io"))
        return await translateCommand(request, kubelet.backend, path, selection(options));
    }
    return await tunnelUpgrade(request, kubelet.backend, path);
  };
}

interface ConnectOptions {
  container?: string;
  stdin?: boolean;
  stdout?: boolean;
  stderr?: boolean;
  tty?: boolean;
  command?: string[];
  ports?: number[];
}

function connectOptions(query: URLSearchParams, what: Connecting): ConnectOptions {
  if (what === "portforward") {
    const ports = query
      .getAll("ports")
      .flatMap((p) => p.split(","))
      .map(Number);
    return ports.length === 0 ? {} : { ports };
  }
  const options: ConnectOptions = {};
  for (const name of ["stdin", "stdout", "stderr", "tty"] as const) if (parseBoolean(query, name) === true) options[name] = true;
  const container = query.get("container");
  if (container) options.container = container;
  if (what === "exec") options.command = query.getAll("command");
  return options;
}

function selection(options: ConnectOptions): { stdin: boolean; stdout: boolean; stderr: boolean; tty: boolean } {
  const tty = options.tty ?? false;
  return { stdin: options.stdin ?? false, stdout: options.stdout ?? false, stderr: (options.stderr ?? false) && !tty, tty };
}

/** The names the kubelet knows the streams under. */
function kubeletQuery(options: ConnectOptions): string {
  const query = new URLSearchParams();
  for (const word of options.command ?? []) query.append("command", word);
  if (options.stderr === true) query.set("error", "1");
  if (options.stdin === true) query.set("input", "1");
  if (options.stdout === true) query.set("output", "1");
  if (options.ports !== undefined) query.set("port", options.ports.join(","));
  if (options.tty === true) query.set("tty", "1");
  return query.toString();
}

/** A WebSocket comes as GET; who may only get pods/exec may not run commands all the same (kubernetes issue 133515). */
async function requireCreate(deps: ResourceDeps, request: ApiRequest): Promise<void> {
  const { info } = request;
  if (info.verb === "create" || deps.authorizer === undefined) return;
  const attributes = {
    user: request.user ?? { name: "system:anonymous", groups: ["system:unauthenticated"] },
    verb: "create",
    resourceRequest: true,
    path: info.path,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
  };
  const verdict = await deps.authorizer.authorize(attributes);
  if (verdict.decision !== "allow") throw forbiddenError(attributes, verdict.reason);
}
