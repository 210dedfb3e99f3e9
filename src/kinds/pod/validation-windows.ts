/** What only Windows has, what it has not, and pods that say which system they are for. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { forbiddenField, invalidField, notSupported, required } from "../../schema/field-error.ts";
import { dns1123Subdomain } from "../../core/names.ts";
import type { PodSpec, WindowsSecurityContextOptions } from "../../schema/types/core-v1.ts";
import { byteLength, invalidEach } from "../formats.ts";
import { visitContainers } from "./containers.ts";

const controlRegex = /[^\P{Cc}\u0080-\u009f]/u;
const netBiosRegex = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const domainRegex = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
const userCharsRegex = /["/\\:;|=,+*?<>@[\]]/;
const dotsRegex = /^[. ]+$/;

export function validateWindowsOptions(options: WindowsSecurityContextOptions | undefined, path: FieldPath, errors: FieldError[]): void {
  if (!options) return;
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options;
  if (name !== undefined) invalidEach(dns1123Subdomain(name), path.child("gmsaCredentialSpecName"), name, errors);
  if (spec !== undefined) {
    const at = path.child("gmsaCredentialSpec");
    if (spec === "") errors.push(invalidField(at, spec, "gmsaCredentialSpec cannot be an empty string"));
    else if (byteLength(spec) > 64 * 1024) errors.push(invalidField(at, spec, "gmsaCredentialSpec size must be under 64 KiB"));
  }
  if (user !== undefined) validateUserName(user, path.child("runAsUserName"), errors);
}

function validateUserName(name: string, path: FieldPath, errors: FieldError[]): void {
  const fail = (detail: string): void => void errors.push(invalidField(path, name, detail));
  if (name === "") return fail("runAsUserName cannot be an empty string");
  if (controlRegex.test(name)) return fail("runAsUserName cannot contain control characters");
  const parts = name.split("\\");
  if (parts.length > 2) return fail("runAsUserName cannot contain more than one backslash");
  const user = parts[parts.length - 1] as string;
  const domain = parts.length === 2 ? (parts[0] as string) : undefined;
  if (domain !== undefined) {
    if (domain.length >= 256) fail("runAsUserName's Domain length must be under 256 characters");
    if (!netBiosRegex.test(domain) && !domainRegex.test(domain)) {
      fail("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
    }
  }
  if (user === "") fail("runAsUserName's User cannot be empty");
  else if (user.length > 104) fail("runAsUserName's User length must not be longer than 104 characters");
  if (dotsRegex.test(user)) fail("runAsUserName's User cannot contain only periods or spaces");
  if (userCharsRegex.test(user)) fail("runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]");
}

/** Host process containers come all or none, and on the node's network. */
export function validateHostProcess(spec: PodSpec, path: FieldPath, errors: FieldError[]): void {
  const pod = spec.securityContext?.windowsOptions?.hostProcess;
  let all = 0;
  let hostProcess = 0;
  visitContainers(spec, (container, field, i) => {
    all++;
    const own = container.securityContext?.windowsOptions?.hostProcess;
    if (pod !== undefined && own !== undefined && pod !== own) {
      const at = path.child(field).index(i).child("securityContext", "windowsOptions", "hostProcess");
      errors.push(invalidField(at, own, `pod hostProcess value must be identical if both are specified, was ${pod}`));
    }
    if (own ?? pod) hostProcess++;
  });
  if (hostProcess === 0) return;
  if (hostProcess !== all) {
    const detail = "If pod contains any hostProcess containers then all containers must be HostProcess containers";
    errors.push(invalidField(path, "", detail));
  }
  if (spec.hostNetwork !== true) {
    errors.push(invalidField(path.child("hostNetwork"), false, "hostNetwork must be true if pod contains any hostProcess containers"));
  }
}

/** `spec.os`: what may not be set for it. */
export function validateOs(spec: PodSpec, path: FieldPath, errors: FieldError[]): void {
  const os = spec.os;
  if (!os) return;
  if (!os.name) errors.push(required(path.child("os", "name")));
  else if (os.name !== "linux" && os.name !== "windows") errors.push(notSupported(path.child("os"), os.name, ["linux", "windows"]));
  else if (os.name === "linux") validateLinux(spec, path, errors);
  else validateWindows(spec, path, errors);
}

function validateLinux(spec: PodSpec, path: FieldPath, errors: FieldError[]): void {
  const detail = "windows options cannot be set for a linux pod";
  if (spec.securityContext?.windowsOptions) errors.push(forbiddenField(path.child("securityContext", "windowsOptions"), detail));
  visitContainers(spec, (container, field, i) => {
    if (!container.securityContext?.windowsOptions) return;
    errors.push(forbiddenField(path.child(field).index(i).child("securityContext", "windowsOptions"), detail));
  });
}

const containerFields = [
  "appArmorProfile",
  "seLinuxOptions",
  "seccompProfile",
  "capabilities",
  "readOnlyRootFilesystem",
  "privileged",
  "allowPrivilegeEscalation",
  "procMount",
  "runAsUser",
  "runAsGroup",
] as const;

function validateWindows(spec: PodSpec, path: FieldPath, errors: FieldError[]): void {
  const context = spec.securityContext ?? {};
  const forbid = (set: boolean, ...names: string[]): void => {
    if (set) errors.push(forbiddenField(path.child(...names), "cannot be set for a windows pod"));
  };
  const inContext = (name: keyof typeof context): void => forbid(context[name] !== undefined, "securityContext", name);
  inContext("appArmorProfile");
  inContext("seLinuxOptions");
  forbid(spec.hostUsers !== undefined, "hostUsers");
  forbid(spec.hostPID === true, "hostPID");
  forbid(spec.hostIPC === true, "hostIPC");
  inContext("seccompProfile");
  inContext("fsGroup");
  inContext("fsGroupChangePolicy");
  forbid((context.sysctls?.length ?? 0) > 0, "securityContext", "sysctls");
  forbid(spec.shareProcessNamespace !== undefined, "shareProcessNamespace");
  inContext("runAsUser");
  inContext("runAsGroup");
  inContext("supplementalGroups");
  inContext("supplementalGroupsPolicy");
  inContext("seLinuxChangePolicy");
  visitContainers(spec, (container, field, i) => {
    const own = container.securityContext;
    if (!own) return;
    for (const name of containerFields) {
      if (own[name] === undefined) continue;
      errors.push(forbiddenField(path.child(field).index(i).child("securityContext", name), "cannot be set for a windows pod"));
    }
  });
}
