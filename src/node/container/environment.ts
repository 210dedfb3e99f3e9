/** A container's environment: service variables, `envFrom`, then `env` in order, each seeing those before it. */
import { isApiError } from "../../core/api-error.ts";
import type { ConfigMap, Container, EnvVarSource, FileKeySelector, Pod, Secret } from "../../schema/types/core-v1.ts";
import { envFileValue } from "./env-file.ts";
import { expand } from "./expansion.ts";
import { fieldValue, resourceValue, type PodAddresses } from "./field-values.ts";

/** Objects that a pod refers to. Absent ones fail with ApiError 404. */
export interface ReferencedObjects {
  configMap(namespace: string, name: string): Promise<ConfigMap>;
  secret(namespace: string, name: string): Promise<Secret>;
}

export interface EnvironmentInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly addresses: PodAddresses;
  readonly services: ReadonlyMap<string, string>;
  readonly objects: ReferencedObjects;
  readonly allocatable: Readonly<Record<string, string>>;
  /** A file of one of the pod's volumes, as text; throws when there is none. */
  readVolumeFile(volume: string, path: string): string;
}

/** Throws an Error with the kubelet's words when something that is not optional is missing. */
export async function containerEnvironment(input: EnvironmentInput): Promise<Map<string, string>> {
  const { container, services } = input;
  const own = new Map<string, string>();
  await addFromSources(input, own);
  const lookup = (name: string): string | undefined => own.get(name) ?? services.get(name);
  for (const variable of container.env ?? []) {
    if (variable.value !== undefined && variable.value !== "") own.set(variable.name, expand(variable.value, lookup));
    else if (variable.valueFrom === undefined) own.set(variable.name, "");
    else {
      const value = await fromSource(input, variable.valueFrom);
      if (value !== undefined) own.set(variable.name, value);
    }
  }
  for (const [name, value] of services) if (!own.has(name)) own.set(name, value);
  return own;
}

async function optionally<T>(optional: boolean | undefined, get: Promise<T>): Promise<T | undefined> {
  try {
    return await get;
  } catch (error) {
    if (optional === true && isApiError(error) && error.code === 404) return undefined;
    throw error;
  }
}

async function addFromSources({ pod, container, objects }: EnvironmentInput, own: Map<string, string>): Promise<void> {
  const namespace = pod.metadata?.namespace ?? "";
  for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
    if (configMapRef !== undefined) {
      const found = await optionally(configMapRef.optional, objects.configMap(namespace, configMapRef.name ?? ""));
      for (const [key, value] of Object.entries(found?.data ?? {})) own.set(prefix + key, value);
    } else if (secretRef !== undefined) {
      const found = await optionally(secretRef.optional, objects.secret(namespace, secretRef.name ?? ""));
      for (const [key, value] of Object.entries(found?.data ?? {})) own.set(prefix + key, Buffer.from(value, "base64").toString("utf8"));
    }
  }
}

async function fromSource(input: EnvironmentInput, source: EnvVarSource): Promise<string | undefined> {
  const { pod, container, addresses, objects, allocatable } = input;
  const namespace = pod.metadata?.namespace ?? "";
  if (source.fieldRef !== undefined) return fieldValue(source.fieldRef, pod, addresses);
  if (source.resourceFieldRef !== undefined) return resourceValue(source.resourceFieldRef, pod, container, allocatable);
  if (source.configMapKeyRef !== undefined) {
    const { name = "", key, optional } = source.configMapKeyRef;
    const found = await optionally(optional, objects.configMap(namespace, name));
    if (found === undefined) return undefined;
    if (found.data !== undefined && Object.hasOwn(found.data, key)) return found.data[key];
    if (optional === true) return undefined;
    throw new Error(`couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
  }
  if (source.secretKeyRef !== undefined) {
    const { name = "", key, optional } = source.secretKeyRef;
    const found = await optionally(optional, objects.secret(namespace, name));
    if (found === undefined) return undefined;
    if (found.data !== undefined && Object.hasOwn(found.data, key))
      return Buffer.from(found.data[key] as string, "base64").toString("utf8");
    if (optional === true) return undefined;
    throw new Error(`couldn't find key ${key} in Secret ${namespace}/${name}`);
  }
  if (source.fileKeyRef !== undefined) return fromFile(input, source.fileKeyRef);
  return "";
}

function fromFile({ readVolumeFile }: EnvironmentInput, { volumeName, path, key, optional }: FileKeySelector): string | undefined {
  let value: string;
  try {
    value = envFileValue(readVolumeFile(volumeName, path), key);
  } catch (error) {
    if (error instanceof UnknownVolume) throw error;
    throw new Error("couldn't parse env file", { cause: error });
  }
  if (value !== "") return value;
  if (optional === true) return undefined;
  throw new Error(`environment variable key "${key}" not found in file "${path}"`);
}

/** A reference to a volume that the pod does not have. */
export class UnknownVolume extends Error {
  constructor(name: string) {
    super(`cannot find the volume "${name}" referenced by FileKeyRef`);
  }
}
