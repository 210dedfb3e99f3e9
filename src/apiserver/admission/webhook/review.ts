/** `admission.k8s.io` AdmissionReview, v1 and v1beta1: the question to a webhook, and its answer read and checked. */
import { randomUUID } from "node:crypto";
import { isApiError } from "../../../core/api-error.ts";
import { decodeJson, encodeJson, parseJson } from "../../../schema/json.ts";
import type { GroupVersionKind, UnstructuredObject } from "../../../schema/object.ts";
import type { AdmissionAttributes } from "../../admission.ts";
import type { Equivalent } from "../equivalents.ts";

/** What a call is about: the request as one webhook's rules have matched it. */
export interface Question {
  readonly attributes: AdmissionAttributes;
  readonly matched: Equivalent;
  readonly object: UnstructuredObject | undefined;
  readonly oldObject: UnstructuredObject | undefined;
}

export interface Review {
  readonly uid: string;
  readonly version: "v1" | "v1beta1";
  /** The AdmissionReview as JSON. */
  readonly body: string;
}

export interface ReviewAnswer {
  readonly allowed: boolean;
  /** The webhook's metav1.Status. */
  readonly result: { code?: number; message?: string; reason?: string; details?: object } | undefined;
  /** A JSON patch; empty when there is none. */
  readonly patch: string;
  readonly patchType: string;
  readonly auditAnnotations: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

const gvkOf = ({ group, version, kind }: GroupVersionKind): object => ({ group, version, kind });

/** `versions`: what the webhook takes, in its order. Undefined when it takes nothing that is known here. */
export function makeReview(question: Question, versions: readonly string[]): Review | undefined {
  const version = versions.find((v) => v === "v1" || v === "v1beta1") as Review["version"] | undefined;
  if (version === undefined) return undefined;
  const { attributes, matched, object, oldObject } = question;
  const { definition, subresource, user, name, namespace } = attributes;
  const uid = randomUUID();
  const request = {
    uid,
    kind: gvkOf(matched.kind),
    resource: { group: matched.group, version: matched.version, resource: matched.resource },
    ...(subresource === "" ? {} : { subResource: subresource }),
    requestKind: gvkOf(attributes.kind),
    requestResource: { group: definition.group, version: attributes.version, resource: definition.resource },
    ...(subresource === "" ? {} : { requestSubResource: subresource }),
    ...(name === "" ? {} : { name }),
    ...(namespace === "" ? {} : { namespace }),
    operation: attributes.operation,
    userInfo: {
      username: user.name,
      ...(user.uid ? { uid: user.uid } : {}),
      ...(user.groups.length === 0 ? {} : { groups: user.groups }),
      ...(Object.keys(user.extra ?? {}).length === 0 ? {} : { extra: user.extra }),
    },
    object: object ?? null,
    oldObject: oldObject ?? null,
    dryRun: attributes.dryRun,
    options: attributes.options ?? null,
  };
  return { uid, version, body: encodeJson({ kind: "AdmissionReview", apiVersion: `admission.k8s.io/${version}`, request }) };
}

type Tree = Record<string, unknown>;

/** Reads an answer, JSON or YAML as upstream's decoder takes it. Throws an Error with that decoder's words. */
export async function readReview(text: string, sent: Review["version"]): Promise<Tree> {
  const review = await readTree(text);
  const apiVersion = textOf(review["apiVersion"]) || `admission.k8s.io/${sent}`;
  const kind = textOf(review["kind"]) || "AdmissionReview";
  if (apiVersion === `admission.k8s.io/${sent}` && kind === "AdmissionReview") return review;
  const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
  if (/^admission\.k8s\.io\/v1(beta1)?$/.test(apiVersion) && kind === "AdmissionReview")
    throw new Error(`converting (${version}.AdmissionReview) to (${sent}.AdmissionReview): unknown conversion`);
  const scheme = JSON.stringify("pkg/runtime/scheme.go:111");
  throw new Error(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme ${scheme}`);
}

async function readTree(text: string): Promise<Tree> {
  try {
    return decodeJson(text, undefined, "Ignore").object;
  } catch (error) {
    if (!isApiError(error)) throw error;
  }
  const { yamlToJson } = await import("../../../lang/yaml.ts");
  let value: unknown;
  try {
    value = parseJson(yamlToJson(text));
  } catch (error) {
    throw new Error(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
  if (value === null) return {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Tree;
  const found = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  const meta = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
  throw new Error(`couldn't get version/kind; json parse error: json: cannot unmarshal ${found} into Go value of type ${meta}`);
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

const goTypes: Readonly<Record<string, readonly [check: (value: unknown) => boolean, go: string]>> = {
  uid: [(v) => typeof v === "string", "types.UID"],
  allowed: [(v) => typeof v === "boolean", "bool"],
  patch: [(v) => typeof v === "string", "[]uint8"],
  patchType: [(v) => typeof v === "string", "admission.PatchType"],
  auditAnnotations: [(v) => typeof v === "object" && !Array.isArray(v), "map[string]string"],
  warnings: [(v) => Array.isArray(v), "[]string"],
};

function checkTypes(response: Tree, version: string): void {
  for (const [name, [fits, go]] of Object.entries(goTypes)) {
    const value = response[name];
    if (value === undefined || value === null || fits(value)) continue;
    const found = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
    const type = go.replace("admission.", `${version}.`);
    throw new Error(`json: cannot unmarshal ${found} into Go struct field AdmissionResponse.response.${name} of type ${type}`);
  }
}

/** What an answer says. Throws an Error when it is not one to this question. */
export function verifyReview(review: Tree, sent: Review, mutating: boolean): ReviewAnswer {
  const response = review["response"] as Tree | null | undefined;
  if (response === undefined || response === null) throw new Error("webhook response was absent");
  const patch = textOf(response["patch"]);
  let patchType = textOf(response["patchType"]);
  const hasPatchType = response["patchType"] !== undefined && response["patchType"] !== null;
  if (sent.version === "v1") {
    checkIdentity(review, response, sent);
    if (mutating) checkMutation(patch, hasPatchType, patchType);
    else if (patch !== "") throw new Error("validating webhook may not return response.patch");
    else if (hasPatchType) throw new Error("validating webhook may not return response.patchType");
  } else patchType = mutating && patch !== "" ? "JSONPatch" : "";
  return {
    allowed: response["allowed"] === true,
    result: (response["status"] as ReviewAnswer["result"] | null) ?? undefined,
    patch: mutating && patch !== "" ? Buffer.from(patch, "base64").toString("utf8") : "",
    patchType,
    auditAnnotations: (response["auditAnnotations"] as Record<string, string> | null) ?? {},
    warnings: (response["warnings"] as string[] | null) ?? [],
  };
}

/** Throws an Error for fields of another type. */
export function checkReview(review: Tree, version: string): void {
  const response = review["response"];
  if (typeof response === "object" && response !== null) checkTypes(response as Tree, version);
}

function checkIdentity(review: Tree, response: Tree, sent: Review): void {
  const uid = textOf(response["uid"]);
  if (uid !== sent.uid) throw new Error(`expected response.uid=${JSON.stringify(sent.uid)}, got ${JSON.stringify(uid)}`);
  const apiVersion = textOf(review["apiVersion"]);
  const kind = textOf(review["kind"]);
  if (apiVersion !== "" && kind !== "") return;
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  throw new Error(
    `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${group ?? ""}/${version ?? ""}, Kind=${kind}`,
  );
}

function checkMutation(patch: string, hasType: boolean, type: string): void {
  if (patch !== "" && !hasType) throw new Error("webhook returned response.patch but not response.patchType");
  if (patch === "" && hasType) throw new Error("webhook returned response.patchType but not response.patch");
  if (hasType && type === "") throw new Error(`webhook returned invalid response.patchType of ""`);
}
