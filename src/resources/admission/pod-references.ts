/** What a pod names, and what it may name. */
import type { AdmissionAttributes } from "../../apiserver/admission.ts";
import { ApiError } from "../../core/api-error.ts";
import type { EnvFromSource, EnvVar, Pod, ServiceAccount, Volume } from "../../schema/types/core-v1.ts";
import { refusal } from "./forbidden.ts";

export const mirrorAnnotation = "kubernetes.io/config.mirror";
const enforceAnnotation = "kubernetes.io/enforce-mountable-secrets";

export function isMirrorPod(pod: Pod): boolean {
  return pod.metadata?.annotations?.[mirrorAnnotation] !== undefined;
}

interface WithEnv {
  readonly name: string;
  readonly env?: readonly EnvVar[] | undefined;
  readonly envFrom?: readonly EnvFromSource[] | undefined;
}

function allContainers(pod: Pod): WithEnv[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {};
  return [...initContainers, ...containers, ...ephemeralContainers];
}

/** Names of all secrets a pod refers to, wherever. */
export function secretNames(pod: Pod): string[] {
  const names: (string | undefined)[] = (pod.spec?.imagePullSecrets ?? []).map((s) => s.name);
  for (const c of allContainers(pod)) {
    for (const e of c.env ?? []) names.push(e.valueFrom?.secretKeyRef?.name);
    for (const e of c.envFrom ?? []) names.push(e.secretRef?.name);
  }
  for (const v of pod.spec?.volumes ?? []) names.push(...volumeSecrets(v));
  return names.filter((n): n is string => n !== undefined && n !== "");
}

function volumeSecrets(v: Volume): (string | undefined)[] {
  return [
    v.secret?.secretName,
    v.azureFile?.secretName,
    v.cephfs?.secretRef?.name,
    v.cinder?.secretRef?.name,
    v.flexVolume?.secretRef?.name,
    v.rbd?.secretRef?.name,
    v.scaleIO?.secretRef?.name,
    v.iscsi?.secretRef?.name,
    v.storageos?.secretRef?.name,
    v.csi?.nodePublishSecretRef?.name,
    ...(v.projected?.sources ?? []).map((s) => s.secret?.name),
  ];
}

/** Names of all config maps a pod refers to. */
export function configMapNames(pod: Pod): string[] {
  const names: (string | undefined)[] = [];
  for (const c of allContainers(pod)) {
    for (const e of c.env ?? []) names.push(e.valueFrom?.configMapKeyRef?.name);
    for (const e of c.envFrom ?? []) names.push(e.configMapRef?.name);
  }
  for (const v of pod.spec?.volumes ?? []) {
    names.push(v.configMap?.name);
    for (const s of v.projected?.sources ?? []) names.push(s.configMap?.name);
  }
  return names.filter((n): n is string => n !== undefined && n !== "");
}

/** What of the API a pod refers to, as upstream names it; undefined when nothing: static pods must not. */
export function apiReference(pod: Pod): string | undefined {
  if (pod.spec?.serviceAccountName) return "serviceaccounts";
  if (secretNames(pod).length > 0) return "secrets";
  if (configMapNames(pod).length > 0) return "configmaps";
  if (pod.spec?.resourceClaims?.length) return "resourceclaims";
  for (const volume of pod.spec?.volumes ?? []) {
    const named = volumeReference(volume);
    if (named !== undefined) return named;
  }
  return undefined;
}

function volumeReference(v: Volume): string | undefined {
  if (v.configMap !== undefined) return "configmaps (via configmap volumes)";
  if (v.secret !== undefined) return "secrets (via secret volumes)";
  if (v.csi !== undefined) return "csidrivers (via CSI volumes)";
  if (v.glusterfs !== undefined) return "endpoints (via glusterFS volumes)";
  if (v.persistentVolumeClaim !== undefined) return "persistentvolumeclaims";
  if (v.ephemeral !== undefined) return "persistentvolumeclaims (via ephemeral volumes)";
  if (v.azureFile !== undefined) return "secrets (via azureFile volumes)";
  for (const source of v.projected?.sources ?? []) {
    if (source.configMap !== undefined) return "configmaps (via projected volumes)";
    if (source.secret !== undefined) return "secrets (via projected volumes)";
    if (source.serviceAccountToken !== undefined) return "serviceaccounts (via projected volumes)";
    if (source.clusterTrustBundle !== undefined) return "clustertrustbundles";
    if (source.podCertificate !== undefined) return "podcertificates";
  }
  return undefined;
}

/** A mirror pod shows what runs on a node already: it may name nothing of the API. */
export function checkMirrorPod(attributes: AdmissionAttributes, pod: Pod): void {
  if (pod.spec?.serviceAccountName) throw refusal(attributes, "a mirror pod may not reference service accounts");
  if (secretNames(pod).length > 0) throw refusal(attributes, "a mirror pod may not reference secrets");
  for (const v of pod.spec?.volumes ?? []) {
    if (v.projected?.sources?.some((s) => s.serviceAccountToken !== undefined))
      throw refusal(attributes, "a mirror pod may not use ServiceAccountToken volume projections");
  }
}

export function enforcesMountableSecrets(account: ServiceAccount): boolean {
  const value = account.metadata?.annotations?.[enforceAnnotation];
  return value !== undefined && ["1", "t", "T", "true", "TRUE", "True"].includes(value);
}

/** Secrets a pod of such an account may name are those the account lists. */
export function checkSecretReferences(attributes: AdmissionAttributes, account: ServiceAccount, pod: Pod): void {
  const mountable = new Set((account.secrets ?? []).map((s) => s.name));
  const name = account.metadata?.name ?? "";
  const suffix = `is not allowed because service account ${name} does not reference that secret`;
  for (const v of pod.spec?.volumes ?? []) {
    if (v.secret !== undefined && !mountable.has(v.secret.secretName ?? ""))
      throw refusal(attributes, `volume with secret.secretName="${v.secret.secretName ?? ""}" ${suffix}`);
  }
  const why =
    envFault("init container", pod.spec?.initContainers ?? [], mountable, suffix) ??
    envFault("container", pod.spec?.containers ?? [], mountable, suffix);
  if (why !== undefined) throw refusal(attributes, why);
  const pull = new Set((account.imagePullSecrets ?? []).map((s) => s.name));
  for (const [i, secret] of (pod.spec?.imagePullSecrets ?? []).entries()) {
    if (pull.has(secret.name)) continue;
    const detail = `is not allowed because service account ${name} does not reference that imagePullSecret`;
    throw refusal(attributes, `imagePullSecrets[${i}].name="${secret.name ?? ""}" ${detail}`);
  }
}

/** The same for ephemeral containers. Upstream answers here without the 403. */
export function limitEphemeralSecrets(account: ServiceAccount, pod: Pod): void {
  const mountable = new Set((account.secrets ?? []).map((s) => s.name));
  const suffix = `is not allowed because service account ${account.metadata?.name ?? ""} does not reference that secret`;
  const why = envFault("ephemeral container", pod.spec?.ephemeralContainers ?? [], mountable, suffix);
  if (why !== undefined) throw new ApiError(500, "", why);
}

function envFault(
  what: string,
  containers: readonly WithEnv[],
  mountable: ReadonlySet<string | undefined>,
  suffix: string,
): string | undefined {
  for (const c of containers) {
    for (const e of c.env ?? []) {
      const secret = e.valueFrom?.secretKeyRef;
      if (secret !== undefined && !mountable.has(secret.name))
        return `${what} ${c.name} with envVar ${e.name} referencing secret.secretName="${secret.name ?? ""}" ${suffix}`;
    }
    for (const e of c.envFrom ?? []) {
      if (e.secretRef !== undefined && !mountable.has(e.secretRef.name))
        return `${what} ${c.name} with envFrom referencing secret.secretName="${e.secretRef.name ?? ""}" ${suffix}`;
    }
  }
  return undefined;
}
