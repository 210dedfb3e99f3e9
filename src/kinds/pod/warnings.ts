/** What is allowed in pods and templates, but old, odd or without effect. */
import { FieldPath, rootPath } from "../../schema/field-error.ts";
import { dns1123Label } from "../../core/names.ts";
import type {
  Container,
  ContainerPort,
  EphemeralContainer,
  Pod,
  PodAffinityTerm,
  PodSpec,
  PodTemplateSpec,
} from "../../schema/types/core-v1.ts";
import type { ObjectMeta } from "../../schema/types/meta-v1.ts";
import { ipWarnings } from "../addresses.ts";
import { nodeLabelWarning, nodeSelectorTermWarnings } from "../node/deprecated-labels.ts";
import { fractionalBytes } from "../persistent-volume-claim/warnings.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { appArmorAnnotationPrefix, appArmorProfileOf, appArmorWarnings } from "./app-armor.ts";
import { visitContainers } from "./containers.ts";
import { volumeWarnings } from "./warnings-volumes.ts";

type Visit = (container: Container | EphemeralContainer, path: FieldPath) => void;

/** Warnings about a new pod; updates get none. */
export function podWarnings(pod: Pod, old: Pod | undefined): string[] {
  if (old) return [];
  const warnings: string[] = [];
  const name = pod.metadata?.name ?? "";
  const wrong = dns1123Label(name);
  if (wrong.length > 0) warnings.push(`metadata.name: this is used in the Pod's hostname, ${nameAdvice(wrong)}`);
  // The annotations have become fields by now; upstream warns while it does that, before everything else.
  return [...appArmorWarnings(pod), ...warnings, ...specWarnings(rootPath, pod.spec, pod.metadata, false)];
}

const nameAdvice = (messages: readonly string[]): string =>
  `which can result in surprising behavior; a DNS label is recommended: [${messages.join(" ")}]`;

/** A warning about the name of something that makes pods. */
export function workloadNameWarnings(name: string | undefined): string[] {
  const wrong = dns1123Label(name ?? "");
  return wrong.length > 0 ? [`metadata.name: this is used in Pod names and hostnames, ${nameAdvice(wrong)}`] : [];
}

/** Warnings about a template. `path`: where it stands, `spec.template`. */
export function podTemplateWarnings(template: PodTemplateSpec | undefined, path: FieldPath): string[] {
  return template ? specWarnings(path, template.spec, template.metadata, true) : [];
}

const deprecatedAnnotations: readonly (readonly [key: string, message: string])[] = [
  ["scheduler.alpha.kubernetes.io/critical-pod", 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ["security.alpha.kubernetes.io/sysctls", 'non-functional in v1.11+; use the "sysctls" field instead'],
  ["security.alpha.kubernetes.io/unsafe-sysctls", 'non-functional in v1.11+; use the "sysctls" field instead'],
];

function specWarnings(root: FieldPath, spec: PodSpec | undefined, meta: ObjectMeta | undefined, isTemplate: boolean): string[] {
  const warnings: string[] = [];
  if (!spec) return warnings;
  const path = root.child("spec");
  const annotations: Readonly<Record<string, string>> = meta?.annotations ?? {};
  placementWarnings(spec, path, warnings);
  const annotated = (key: string, message: string): void => {
    warnings.push(`${root.child("metadata", "annotations").key(key).toString()}: ${message}`);
  };
  for (const [key, message] of deprecatedAnnotations) if (key in annotations) annotated(key, message);
  if (spec.volumes) warnings.push(...volumeWarnings(spec.volumes, path.child("volumes")));
  doubleWarnings(spec, path, warnings);
  fractionalBytes(spec.overhead?.["memory"], path.child("overhead").key("memory"), warnings);
  fractionalBytes(spec.overhead?.["ephemeral-storage"], path.child("overhead").key("ephemeral-storage"), warnings);
  const seccomp = "seccomp.security.alpha.kubernetes.io/pod";
  const useSeccomp = 'non-functional in v1.27+; use the "seccompProfile" field instead';
  if (!spec.securityContext?.seccompProfile && seccomp in annotations) annotated(seccomp, useSeccomp);
  const each = (visit: Visit): void => visitContainers(spec, (c, field, i) => visit(c, path.child(field).index(i)));
  each((container, at) => {
    const key = `container.seccomp.security.alpha.kubernetes.io/${container.name}`;
    if (!container.securityContext?.seccompProfile && key in annotations) annotated(key, useSeccomp);
    const armor = appArmorAnnotationPrefix + container.name;
    if (isTemplate && !container.securityContext?.appArmorProfile && armor in annotations) {
      const pod = spec.securityContext?.appArmorProfile;
      if (!pod || !semanticEqual(pod, appArmorProfileOf(annotations[armor] as string))) {
        annotated(armor, 'deprecated since v1.30; use the "appArmorProfile" field instead');
      }
    }
    containerWarnings(container, at, warnings);
  });
  portWarnings(each, warnings);
  portNameWarnings(each, warnings);
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    const at = path.child("terminationGracePeriodSeconds").toString();
    warnings.push(`${at}: must be >= 0; negative values are invalid and will be treated as 1`);
  }
  affinityWarnings(spec, path, warnings);
  spec.dnsConfig?.nameservers?.forEach((s, i) => warnings.push(...ipWarnings(s, path.child("dnsConfig", "nameservers").index(i))));
  spec.hostAliases?.forEach((a, i) => warnings.push(...ipWarnings(a.ip ?? "", path.child("hostAliases").index(i).child("ip"))));
  return warnings;
}

function placementWarnings(spec: PodSpec, path: FieldPath, warnings: string[]): void {
  for (const key in spec.nodeSelector) {
    const message = nodeLabelWarning(key);
    if (message !== undefined) warnings.push(`${path.child("nodeSelector").key(key).toString()}: ${message}`);
  }
  const node = spec.affinity?.nodeAffinity;
  const at = path.child("affinity", "nodeAffinity");
  node?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms?.forEach((term, i) => {
    const here = at.child("requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms").index(i);
    warnings.push(...nodeSelectorTermWarnings(term, false, here));
  });
  node?.preferredDuringSchedulingIgnoredDuringExecution?.forEach((term, i) => {
    const here = at.child("preferredDuringSchedulingIgnoredDuringExecution").index(i).child("preference");
    warnings.push(...nodeSelectorTermWarnings(term.preference ?? {}, true, here));
  });
  spec.topologySpreadConstraints?.forEach((constraint, i) => {
    const here = path.child("topologySpreadConstraints").index(i);
    const message = nodeLabelWarning(constraint.topologyKey);
    if (message !== undefined) warnings.push(`${here.child("topologyKey").toString()}: ${constraint.topologyKey} is ${message}`);
    if (!constraint.labelSelector) warnings.push(nullSelector(here.child("labelSelector")));
  });
}

const nullSelector = (path: FieldPath): string => `${path.toString()}: a null labelSelector results in matching no pod`;

function affinityWarnings(spec: PodSpec, path: FieldPath, warnings: string[]): void {
  for (const name of ["podAffinity", "podAntiAffinity"] as const) {
    const affinity = spec.affinity?.[name];
    const at = path.child("affinity", name);
    affinity?.requiredDuringSchedulingIgnoredDuringExecution?.forEach((term: PodAffinityTerm, i) => {
      if (term.labelSelector) return;
      warnings.push(nullSelector(at.child("requiredDuringSchedulingIgnoredDuringExecution").index(i).child("labelSelector")));
    });
    affinity?.preferredDuringSchedulingIgnoredDuringExecution?.forEach((term, i) => {
      if (term.podAffinityTerm?.labelSelector) return;
      const here = at.child("preferredDuringSchedulingIgnoredDuringExecution").index(i);
      warnings.push(nullSelector(here.child("podAffinityTerm", "labelSelector")));
    });
  }
}

/** Lists in which an entry says nothing new. */
function doubleWarnings(spec: PodSpec, path: FieldPath, warnings: string[]): void {
  const addresses = new Set<string>();
  spec.hostAliases?.forEach(({ ip }, i) => {
    const at = path.child("hostAliases").index(i).child("ip").toString();
    if (addresses.has(ip)) warnings.push(`${at}: duplicate ip ${JSON.stringify(ip)}`);
    addresses.add(ip);
  });
  const names = new Set<string>();
  const secret = (i: number): string => path.child("imagePullSecrets").index(i).child("name").toString();
  spec.imagePullSecrets?.forEach(({ name = "" }, i) => {
    if (names.has(name)) warnings.push(`${secret(i)}: duplicate name ${JSON.stringify(name)}`);
    names.add(name);
  });
  spec.imagePullSecrets?.forEach(({ name = "" }, i) => {
    if (name === "") warnings.push(`${secret(i)}: invalid empty name ""`);
  });
}

function containerWarnings(container: Container | EphemeralContainer, path: FieldPath, warnings: string[]): void {
  const { limits, requests } = container.resources ?? {};
  for (const name of ["memory", "ephemeral-storage"]) {
    fractionalBytes(limits?.[name], path.child("resources", "limits").key(name), warnings);
    fractionalBytes(requests?.[name], path.child("resources", "requests").key(name), warnings);
  }
  if ((container.env?.length ?? 0) < 2) return;
  const seen = new Set<string>();
  container.env?.forEach((variable, i) => {
    if (!seen.has(variable.name)) {
      seen.add(variable.name);
      return;
    }
    // A later definition may build on an earlier one; nothing else makes sense.
    const reference = `$(${variable.name})`;
    const value = variable.value ?? "";
    if (!variable.valueFrom && value !== reference && value.includes(reference)) return;
    const name = JSON.stringify(variable.name);
    warnings.push(`${path.child("env").index(i).toString()}: hides previous definition of ${name}, which may be dropped when using apply`);
  });
}

function portWarnings(each: (visit: Visit) => void, warnings: string[]): void {
  const known = new Map<string, { at: string; port: ContainerPort }[]>();
  each((container, path) => {
    container.ports?.forEach((port, i) => {
      const at = path.child("ports").index(i).toString();
      const hostIp = port.hostIP ?? "";
      const hostPort = port.hostPort ?? 0;
      if (hostIp !== "" && hostPort === 0) warnings.push(`${at}: hostIP set without hostPort: ${goPort(port)}`);
      const key = `${port.containerPort}/${port.protocol ?? ""}`;
      const others = known.get(key) ?? [];
      for (const other of others) {
        const otherIp = other.port.hostIP ?? "";
        const otherPort = other.port.hostPort ?? 0;
        if (hostIp === otherIp && hostPort === otherPort) warnings.push(`${at}: duplicate port definition with ${other.at}`);
        else if (hostPort === 0 || otherPort === 0) warnings.push(`${at}: overlapping port definition with ${other.at}`);
        else if (hostPort === otherPort && (hostIp === "") !== (otherIp === "")) {
          warnings.push(`${at}: dangerously ambiguous port definition with ${other.at}`);
        }
      }
      known.set(key, [...others, { at, port }]);
    });
  });
}

/** A port as Go prints a struct. */
function goPort(port: ContainerPort): string {
  const { name = "", hostPort = 0, containerPort, protocol = "", hostIP = "" } = port;
  return `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
}

function portNameWarnings(each: (visit: Visit) => void, warnings: string[]): void {
  const known = new Map<string, string>();
  each((container, path) => {
    container.ports?.forEach((port, i) => {
      if (!port.name) return;
      const at = path.child("ports").index(i).toString();
      const other = known.get(port.name);
      if (other === undefined) known.set(port.name, at);
      else {
        const name = JSON.stringify(port.name);
        warnings.push(`${at}: duplicate port name ${name} with ${other}, services and probes that select ports by name will use ${other}`);
      }
    });
  });
}
