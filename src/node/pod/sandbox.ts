/** A pod's sandbox: its configuration, and making it. */
import { mkdirSync } from "node:fs";
import { formatTime } from "../../core/clock.ts";
import { normalizeSysctl } from "../../kinds/pod/sysctl-namespaces.ts";
import type { Pod } from "../../schema/types/core-v1.ts";
import { kernelHostname, podDns, podHostname } from "../container/hostname.ts";
import { podCgroupLimits } from "../container/resources.ts";
import { sandboxSecurity } from "../container/security.ts";
import type { PodSandboxConfig } from "../cri/types.ts";
import { aboutPod, podLogDirectory, type NodeContext } from "../node-context.ts";
import { podAnnotations, podLabels } from "./labels.ts";

export function sandboxConfig(node: NodeContext, pod: Pod, attempt: number): PodSandboxConfig {
  const hostNetwork = pod.spec?.hostNetwork === true;
  const ports = [...(pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === "Always"), ...(pod.spec?.containers ?? [])].flatMap(
    (c) => c.ports ?? [],
  );
  return {
    metadata: {
      name: pod.metadata?.name ?? "",
      namespace: pod.metadata?.namespace ?? "",
      uid: pod.metadata?.uid ?? "",
      attempt,
    },
    hostname: hostNetwork ? "" : kernelHostname(pod, podHostname(pod, node.clusterDomain)),
    logDirectory: podLogDirectory(node.paths, pod),
    dnsConfig: podDns(pod, node.nodeDns(), { servers: node.clusterDns, domain: node.clusterDomain }),
    portMappings: hostNetwork
      ? []
      : ports
          .filter((p) => (p.hostPort ?? 0) > 0)
          .map((p) => ({
            protocol: (p.protocol ?? "TCP") as "TCP" | "UDP" | "SCTP",
            containerPort: p.containerPort,
            hostPort: p.hostPort ?? 0,
            hostIp: p.hostIP ?? "",
          })),
    labels: podLabels(pod),
    annotations: podAnnotations(pod, pod.metadata?.creationTimestamp ?? formatTime(node.clock.now())),
    linux: {
      cgroupParent: node.cgroupPaths.pod(pod),
      securityContext: sandboxSecurity(pod),
      sysctls: Object.fromEntries((pod.spec?.securityContext?.sysctls ?? []).map((s) => [normalizeSysctl(s.name), s.value])),
    },
  };
}

/** Makes the pod's group and sandbox. Throws what the runtime says, after an event about it. */
export async function createSandbox(node: NodeContext, pod: Pod, config: PodSandboxConfig, signal: AbortSignal): Promise<string> {
  try {
    if (pod.spec?.hostUsers === false) throw new Error("can't set `spec.hostUsers: false`, runtime does not support user namespaces");
    ensurePodCgroup(node, pod);
    mkdirSync(config.logDirectory, { recursive: true });
    const handler = await node.runtimeHandler(pod);
    return await node.cri.runPodSandbox(config, handler, signal);
  } catch (error) {
    if (!signal.aborted) {
      const message = `Failed to create pod sandbox: ${(error as Error).message}`;
      node.events.event(aboutPod(pod), "Warning", "FailedCreatePodSandBox", message);
    }
    throw error;
  }
}

export function ensurePodCgroup(node: NodeContext, pod: Pod): void {
  const path = node.cgroupPaths.pod(pod);
  node.cgroups.ensure(path);
  node.cgroups.apply(path, podCgroupLimits(pod));
}
