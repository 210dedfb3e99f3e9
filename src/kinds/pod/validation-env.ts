/** Environment variables and where their values come from. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { invalidField, notSupported, required } from "../../schema/field-error.ts";
import { qualifiedName } from "../../core/names.ts";
import { canonicalQuantity, compareQuantities } from "../../core/quantity.ts";
import type { EnvFromSource, EnvVar, FileKeySelector, ObjectFieldSelector, ResourceFieldSelector } from "../../schema/types/core-v1.ts";
import { configMapKey, invalidEach, nameIsDnsSubdomain, relaxedEnvVarName, validateDnsLabel } from "../formats.ts";
import { validateNoBacksteps } from "./validation-paths.ts";

export function validateEnv(variables: readonly EnvVar[], path: FieldPath, errors: FieldError[]): void {
  for (let i = 0; i < variables.length; i++) {
    const variable = variables[i] as EnvVar;
    if (!variable.name) errors.push(required(path.index(i).child("name")));
    else {
      const messages = relaxedEnvVarName(variable.name);
      if (messages.length > 0) invalidEach(messages, path.index(i).child("name"), variable.name, errors);
    }
    if (variable.valueFrom) validateValueFrom(variable, path.index(i).child("valueFrom"), errors);
  }
}

const envFieldPaths: readonly string[] = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];

function validateValueFrom(variable: EnvVar, path: FieldPath, errors: FieldError[]): void {
  const from = variable.valueFrom;
  if (!from) return;
  let sources = 0;
  if (from.fieldRef) {
    sources++;
    validateFieldRef(from.fieldRef, envFieldPaths, path.child("fieldRef"), errors);
  }
  if (from.resourceFieldRef) {
    sources++;
    validateResourceFieldRef(from.resourceFieldRef, path.child("resourceFieldRef"), false, errors);
  }
  if (from.configMapKeyRef) {
    sources++;
    validateKeyRef(from.configMapKeyRef, path.child("configMapKeyRef"), errors);
  }
  if (from.secretKeyRef) {
    sources++;
    validateKeyRef(from.secretKeyRef, path.child("secretKeyRef"), errors);
  }
  if (from.fileKeyRef) {
    sources++;
    validateFileKeyRef(from.fileKeyRef, path.child("fileKeyRef"), errors);
  }
  if (sources === 0) {
    const detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
    errors.push(invalidField(path, "", detail));
  } else if (variable.value) errors.push(invalidField(path, "", "may not be specified when `value` is not empty"));
  else if (sources > 1) errors.push(invalidField(path, "", "may not have more than one field specified at a time"));
}

function validateKeyRef(ref: { name?: string | undefined; key: string }, path: FieldPath, errors: FieldError[]): void {
  const name = ref.name ?? "";
  invalidEach(nameIsDnsSubdomain(name, false), path.child("name"), name, errors);
  if (!ref.key) errors.push(required(path.child("key")));
  else invalidEach(configMapKey(ref.key), path.child("key"), ref.key, errors);
}

function validateFileKeyRef(ref: FileKeySelector, path: FieldPath, errors: FieldError[]): void {
  if (!ref.key) errors.push(required(path.child("key")));
  else invalidEach(relaxedEnvVarName(ref.key), path.child("key"), ref.key, errors);
  if (!ref.volumeName) errors.push(required(path.child("volumeName")));
  else validateDnsLabel(ref.volumeName, path.child("volumeName"), errors);
  if (!ref.path) errors.push(required(path.child("path")));
  else validateNoBacksteps(ref.path, path.child("path"), errors);
}

/** Fields of a pod that can be asked for by path, without a subscript. */
const knownFieldPaths: ReadonlySet<string> = new Set([
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.restartPolicy",
  "spec.serviceAccountName",
  "spec.schedulerName",
  "status.phase",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
]);

/** Splits `metadata.labels['app']` into path and key; undefined without subscript. */
export function splitSubscript(fieldPath: string): { path: string; subscript: string } | undefined {
  if (!fieldPath.endsWith("']")) return undefined;
  const at = fieldPath.indexOf("['");
  if (at <= 0) return undefined;
  return { path: fieldPath.slice(0, at), subscript: fieldPath.slice(at + 2, -2) };
}

/** A field of the pod itself. `allowed` has to be sorted: messages list it. */
export function validateFieldRef(ref: ObjectFieldSelector, allowed: readonly string[], path: FieldPath, errors: FieldError[]): void {
  if (!ref.apiVersion) {
    errors.push(required(path.child("apiVersion")));
    return;
  }
  if (!ref.fieldPath) {
    errors.push(required(path.child("fieldPath")));
    return;
  }
  const at = path.child("fieldPath");
  const fail = (why: string): void => void errors.push(invalidField(at, ref.fieldPath, `error converting fieldPath: ${why}`));
  if (ref.apiVersion !== "v1") {
    fail(`unsupported pod version: ${ref.apiVersion}`);
    return;
  }
  const split = splitSubscript(ref.fieldPath);
  if (split) {
    if (split.path === "metadata.annotations") {
      invalidEach(qualifiedName(split.subscript.toLowerCase()), path, split.subscript.toLowerCase(), errors, "format=qualified-name");
    } else if (split.path === "metadata.labels") {
      invalidEach(qualifiedName(split.subscript), path, split.subscript, errors, "format=qualified-name");
    } else fail(`field label does not support subscript: ${ref.fieldPath}`);
    return;
  }
  const field = ref.fieldPath === "spec.host" ? "spec.nodeName" : ref.fieldPath;
  if (!knownFieldPaths.has(field)) fail(`field label not supported: ${ref.fieldPath}`);
  else if (!allowed.includes(field)) errors.push(notSupported(at, field, allowed));
}

const resourceFields: readonly string[] = [
  "limits.cpu",
  "limits.ephemeral-storage",
  "limits.memory",
  "requests.cpu",
  "requests.ephemeral-storage",
  "requests.memory",
];
const binaryDivisors: ReadonlySet<string> = new Set("1 1k 1M 1G 1T 1P 1E 1Ki 1Mi 1Gi 1Ti 1Pi 1Ei".split(" "));
const divisorNames: Readonly<Record<string, string>> = { memory: "memory", "ephemeral-storage": "local ephemeral storage" };

/** A request or limit of a container; `volume`: the container has to be named. */
export function validateResourceFieldRef(ref: ResourceFieldSelector, path: FieldPath, volume: boolean, errors: FieldError[]): void {
  const resource = ref.resource ?? "";
  const hugePages = resource.startsWith("requests.hugepages-") || resource.startsWith("limits.hugepages-");
  if (volume && !ref.containerName) errors.push(required(path.child("containerName")));
  else if (resource === "") errors.push(required(path.child("resource")));
  else if (!hugePages && !resourceFields.includes(resource)) {
    errors.push(notSupported(path.child("resource"), resource, resourceFields));
  }
  if (ref.divisor === undefined || compareQuantities(ref.divisor, "0") === 0) return;
  const divisor = canonicalQuantity(ref.divisor);
  const name = resource.slice(resource.indexOf(".") + 1);
  if (resourceFields.includes(resource) && name === "cpu") {
    if (divisor !== "1" && divisor !== "1m") {
      const detail = "only divisor's values 1m and 1 are supported with the cpu resource";
      errors.push(invalidField(path.child("divisor"), resource, detail));
    }
  } else if ((hugePages || resourceFields.includes(resource)) && !binaryDivisors.has(divisor)) {
    const what = hugePages ? "hugepages" : (divisorNames[name] ?? name);
    const detail = `only divisor's values ${[...binaryDivisors].join(", ")} are supported with the ${what} resource`;
    errors.push(invalidField(path.child("divisor"), resource, detail));
  }
}

export function validateEnvFrom(sources: readonly EnvFromSource[], path: FieldPath, errors: FieldError[]): void {
  sources.forEach((source, i) => {
    const at = path.index(i);
    if (source.prefix) invalidEach(relaxedEnvVarName(source.prefix), at.child("prefix"), source.prefix, errors);
    let count = 0;
    for (const field of ["configMapRef", "secretRef"] as const) {
      const ref = source[field];
      if (!ref) continue;
      count++;
      if (!ref.name) errors.push(required(at.child(field, "name")));
      else invalidEach(nameIsDnsSubdomain(ref.name, true), at.child(field, "name"), ref.name, errors);
    }
    if (count === 0) errors.push(invalidField(path, "", "must specify one of: `configMapRef` or `secretRef`"));
    else if (count > 1) errors.push(invalidField(path, "", "may not have more than one field specified at a time"));
  });
}
