import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField, notSupported, required } from "../../schema/field-error.ts";
import { dns1035Label, dns1123Subdomain } from "../../core/names.ts";
import type { APIService } from "../../schema/types/apiregistration-v1.ts";
import { invalidEach, pathSegment, portNumber } from "../formats.ts";

const path = new FieldPath("spec");

export function validateApiService({ metadata, spec }: APIService): FieldError[] {
  const errors: FieldError[] = [];
  const { group = "", version = "", groupPriorityMinimum: groupPriority = 0, versionPriority = 0 } = spec ?? {};
  const name = metadata?.name ?? "";
  const wanted = `${version}.${group}`;
  if (name !== "" && name !== wanted && pathSegment(name, false).length === 0) {
    errors.push(invalidField(new FieldPath("metadata.name"), name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`));
  }
  const prefix = metadata?.generateName ?? "";
  if (prefix !== "" && prefix !== wanted && pathSegment(prefix, true).length === 0) {
    const why = `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`;
    errors.push(invalidField(new FieldPath("metadata.generateName"), prefix, why));
  }
  if (group !== "") invalidEach(dns1123Subdomain(group), path.child("group"), group, errors);
  else if (version !== "v1") errors.push(required(path.child("group"), "only v1 may have an empty group and it better be legacy kube"));
  invalidEach(dns1035Label(version), path.child("version"), version, errors);
  if (groupPriority <= 0 || groupPriority > 20_000) {
    errors.push(invalidField(path.child("groupPriorityMinimum"), groupPriority, "must be positive and less than 20000"));
  }
  if (versionPriority <= 0 || versionPriority > 1000) {
    errors.push(invalidField(path.child("versionPriority"), versionPriority, "must be positive and less than 1000"));
  }
  validateBackend(spec, errors);
  return errors;
}

function validateBackend(spec: APIService["spec"], errors: FieldError[]): void {
  const { service, caBundle = "", insecureSkipTLSVerify: insecure = false } = spec ?? {};
  const at = path.child("insecureSkipTLSVerify");
  if (service === undefined) {
    const bytes = Buffer.from(caBundle, "base64").length;
    if (bytes > 0) errors.push(invalidField(path.child("caBundle"), `${bytes} bytes`, "local APIServices may not have a caBundle"));
    if (insecure) errors.push(invalidField(at, insecure, "local APIServices may not have insecureSkipTLSVerify"));
    return;
  }
  const here = path.child("service");
  if (!service.namespace) errors.push(required(here.child("namespace")));
  if (!service.name) errors.push(required(here.child("name")));
  const port = service.port ?? 0;
  const wrong = portNumber(port);
  if (wrong.length > 0) errors.push(invalidField(here.child("port"), port, `port is not valid: ${wrong.join(", ")}`));
  if (insecure && caBundle !== "") errors.push(invalidField(at, insecure, "may not be true if caBundle is present"));
}

export function validateApiServiceStatus({ status }: APIService): FieldError[] {
  const errors: FieldError[] = [];
  const known = ["True", "False", "Unknown"];
  status?.conditions?.forEach((condition, i) => {
    const at = new FieldPath("status.conditions").index(i).child("status");
    if (!known.includes(condition.status)) errors.push(notSupported(at, condition.status, known));
  });
  return errors;
}
