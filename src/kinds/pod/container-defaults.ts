/** What a container gets that its author left out. */
import type { Container, EphemeralContainer, HTTPGetAction, Probe } from "../../schema/types/core-v1.ts";
import { roundResourceList } from "../resource-list.ts";
import { defaultPullPolicy } from "./image-name.ts";

/** Fills in a container's defaults, in place. */
export function setContainerDefaults(container: Container | EphemeralContainer): void {
  if (!container.imagePullPolicy) container.imagePullPolicy = defaultPullPolicy(container.image ?? "");
  if (!container.terminationMessagePath) container.terminationMessagePath = "/dev/termination-log";
  if (!container.terminationMessagePolicy) container.terminationMessagePolicy = "File";
  if (container.ports) for (const port of container.ports) if (!port.protocol) port.protocol = "TCP";
  if (container.env) {
    for (const { valueFrom } of container.env) {
      if (!valueFrom) continue;
      if (valueFrom.fieldRef && !valueFrom.fieldRef.apiVersion) valueFrom.fieldRef.apiVersion = "v1";
      if (valueFrom.fileKeyRef) valueFrom.fileKeyRef.optional ??= false;
    }
  }
  container.resources ??= {};
  roundResourceList(container.resources.limits);
  roundResourceList(container.resources.requests);
  if (container.livenessProbe) setProbeDefaults(container.livenessProbe);
  if (container.readinessProbe) setProbeDefaults(container.readinessProbe);
  if (container.startupProbe) setProbeDefaults(container.startupProbe);
  const lifecycle = container.lifecycle;
  if (lifecycle?.postStart?.httpGet) setHttpGetDefaults(lifecycle.postStart.httpGet);
  if (lifecycle?.preStop?.httpGet) setHttpGetDefaults(lifecycle.preStop.httpGet);
}

function setProbeDefaults(probe: Probe): void {
  if (!probe.timeoutSeconds) probe.timeoutSeconds = 1;
  if (!probe.periodSeconds) probe.periodSeconds = 10;
  if (!probe.successThreshold) probe.successThreshold = 1;
  if (!probe.failureThreshold) probe.failureThreshold = 3;
  if (probe.httpGet) setHttpGetDefaults(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= "";
}

function setHttpGetDefaults(action: HTTPGetAction): void {
  if (!action.path) action.path = "/";
  if (!action.scheme) action.scheme = "HTTP";
}
