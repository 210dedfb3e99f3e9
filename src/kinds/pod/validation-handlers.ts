/** Probes, lifecycle hooks, stop signals, and rules for restarting and resizing containers. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { duplicate, forbiddenField, invalidField, notSupported, required, tooMany } from "../../schema/field-error.ts";
import type { Container, HTTPGetAction, Lifecycle, LifecycleHandler, PodSpec, Probe } from "../../schema/types/core-v1.ts";
import { httpHeaderName, invalidEach, portNumber, validateNonnegative, validatePortNumberOrName } from "../formats.ts";
import { linuxStopSignals } from "./stop-signals.ts";

type ProbeKind = "livenessProbe" | "readinessProbe" | "startupProbe";

export function validateProbes(container: Container, grace: number | undefined, path: FieldPath, errors: FieldError[]): void {
  if (container.livenessProbe) validateProbe(container.livenessProbe, "livenessProbe", grace, path, errors);
  if (container.readinessProbe) validateProbe(container.readinessProbe, "readinessProbe", grace, path, errors);
  if (container.startupProbe) validateProbe(container.startupProbe, "startupProbe", grace, path, errors);
}

function validateProbe(probe: Probe, which: ProbeKind, grace: number | undefined, parent: FieldPath, errors: FieldError[]): void {
  const path = parent.child(which);
  validateHandler(probe, grace, path, errors);
  validateNonnegative(probe.initialDelaySeconds, path.child("initialDelaySeconds"), errors);
  validateNonnegative(probe.timeoutSeconds, path.child("timeoutSeconds"), errors);
  validateNonnegative(probe.periodSeconds, path.child("periodSeconds"), errors);
  validateNonnegative(probe.successThreshold, path.child("successThreshold"), errors);
  validateNonnegative(probe.failureThreshold, path.child("failureThreshold"), errors);
  const period = probe.terminationGracePeriodSeconds;
  if (period !== undefined && period <= 0) {
    errors.push(invalidField(path.child("terminationGracePeriodSeconds"), period, "must be greater than 0"));
  }
  if (which === "readinessProbe") {
    if (period !== undefined) {
      errors.push(invalidField(path.child("terminationGracePeriodSeconds"), period, "must not be set for readinessProbes"));
    }
  } else if (probe.successThreshold !== 1) {
    errors.push(invalidField(path.child("successThreshold"), probe.successThreshold ?? 0, "must be 1"));
  }
}

export function validateLifecycle(
  lifecycle: Lifecycle,
  grace: number | undefined,
  os: PodSpec["os"],
  path: FieldPath,
  errors: FieldError[],
): void {
  if (lifecycle.postStart) validateHandler(lifecycle.postStart, grace, path.child("postStart"), errors);
  if (lifecycle.preStop) validateHandler(lifecycle.preStop, grace, path.child("preStop"), errors);
  const signal = lifecycle.stopSignal;
  if (signal === undefined) return;
  const at = path.child("stopSignal");
  if (!os) errors.push(forbiddenField(at, "may not be set for containers with empty `spec.os.name`"));
  else if (os.name === "windows") {
    if (signal !== "SIGKILL" && signal !== "SIGTERM") errors.push(notSupported(at, signal, ["SIGKILL", "SIGTERM"]));
  } else if (os.name === "linux" && !linuxStopSignals.includes(signal)) errors.push(notSupported(at, signal, linuxStopSignals));
}

/** What a probe or a hook does. */
type Handler = LifecycleHandler & Pick<Probe, "grpc">;

function validateHandler(handler: Handler, grace: number | undefined, path: FieldPath, errors: FieldError[]): void {
  let handlers = 0;
  /** True when this is the first one. */
  const first = (name: string): boolean => {
    if (++handlers === 1) return true;
    errors.push(forbiddenField(path.child(name), "may not specify more than 1 handler type"));
    return false;
  };
  if (handler.exec && first("exec") && !handler.exec.command?.length) errors.push(required(path.child("exec", "command")));
  if (handler.httpGet && first("httpGet")) validateHttpGet(handler.httpGet, path.child("httpGet"), errors);
  if (handler.tcpSocket && first("tcpSocket")) validatePortNumberOrName(handler.tcpSocket.port, path.child("tcpSocket", "port"), errors);
  if (handler.grpc && first("grpc")) invalidEach(portNumber(handler.grpc.port), path.child("grpc", "port"), handler.grpc.port ?? 0, errors);
  if (handler.sleep && first("sleep") && grace !== undefined) {
    const seconds = handler.sleep.seconds ?? 0;
    if (seconds < 0 || seconds > grace) {
      const detail = `must be non-negative and less than terminationGracePeriodSeconds (${grace})`;
      errors.push(invalidField(path.child("sleep"), seconds, detail));
    }
  }
  if (handlers === 0) errors.push(required(path, "must specify a handler type"));
}

function validateHttpGet(action: HTTPGetAction, path: FieldPath, errors: FieldError[]): void {
  if (!action.path) errors.push(required(path.child("path")));
  validatePortNumberOrName(action.port, path.child("port"), errors);
  if (action.scheme !== "HTTP" && action.scheme !== "HTTPS") {
    errors.push(notSupported(path.child("scheme"), action.scheme ?? "", ["HTTP", "HTTPS"]));
  }
  for (const { name } of action.httpHeaders ?? []) invalidEach(httpHeaderName(name), path.child("httpHeaders"), name, errors);
}

const restartPolicies: readonly string[] = ["Always", "Never", "OnFailure"];
const restartActions: readonly string[] = ["Restart", "RestartAllContainers"];

/** A container's own restart policy and rules (KEP-5307). */
export function validateContainerRestart(container: Container, path: FieldPath, errors: FieldError[]): void {
  const rules = container.restartPolicyRules ?? [];
  const policy = container.restartPolicy;
  const at = path.child("restartPolicy");
  if (policy === undefined) {
    if (rules.length === 0) return;
    errors.push(required(at, "must specify restartPolicy when restart rules are used"));
  } else if (!restartPolicies.includes(policy)) errors.push(notSupported(at, policy, restartPolicies));
  const rulesPath = path.child("restartPolicyRules");
  if (rules.length > 20) errors.push(tooMany(rulesPath, rules.length, 20));
  rules.forEach((rule, i) => {
    const here = rulesPath.index(i);
    if (!restartActions.includes(rule.action)) errors.push(notSupported(here.child("action"), rule.action ?? "", restartActions));
    const codes = rule.exitCodes;
    if (!codes) {
      errors.push(required(here.child("exitCodes"), "must be specified"));
      return;
    }
    if (codes.operator !== "In" && codes.operator !== "NotIn") {
      errors.push(notSupported(here.child("exitCodes", "operator"), codes.operator ?? "", ["In", "NotIn"]));
    }
    const count = codes.values?.length ?? 0;
    if (count > 255) errors.push(tooMany(here.child("exitCodes", "values"), count, 255));
  });
}

/** The rule for init containers: without a policy there are no rules, and no message about the policy's name. */
export function validateInitContainerRestart(container: Container, path: FieldPath, errors: FieldError[]): void {
  if (container.restartPolicy !== undefined) validateContainerRestart(container, path, errors);
  else if (container.restartPolicyRules?.length) {
    errors.push(required(path.child("restartPolicy"), "must specify restartPolicy when restart rules are used"));
  }
}

export function validateResizePolicies(container: Container, podRestart: string, path: FieldPath, errors: FieldError[]): void {
  const seen = new Set<string>();
  container.resizePolicy?.forEach((policy, i) => {
    const { resourceName, restartPolicy } = policy;
    if (seen.has(resourceName)) errors.push(duplicate(path.index(i), resourceName));
    seen.add(resourceName);
    if (!resourceName) errors.push(required(path));
    else if (resourceName !== "cpu" && resourceName !== "memory") errors.push(notSupported(path, resourceName, ["cpu", "memory"]));
    if (!restartPolicy) errors.push(required(path));
    else if (restartPolicy !== "NotRequired" && restartPolicy !== "RestartContainer") {
      errors.push(notSupported(path, restartPolicy, ["NotRequired", "RestartContainer"]));
    }
    if (podRestart === "Never" && restartPolicy !== "NotRequired") {
      errors.push(invalidField(path, restartPolicy ?? "", "must be 'NotRequired' when pod `restartPolicy` is 'Never'"));
    }
  });
}
