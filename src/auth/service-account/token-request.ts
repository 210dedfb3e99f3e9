/** `serviceaccounts/token`: what a TokenRequest asks for becomes a token. */
import { badRequest, conflict, notFound } from "../../core/api-error.ts";
import { formatTime } from "../../core/clock.ts";
import type { Clock } from "../../core/clock.ts";
import { FieldPath, invalid, invalidField } from "../../schema/field-error.ts";
import type { FieldError } from "../../schema/field-error.ts";
import type { TokenRequest } from "../../schema/types/authentication-v1.ts";
import type { Pod } from "../../schema/types/core-v1.ts";
import type { AuthenticationNotes } from "../authenticator.ts";
import { noNotes } from "../authenticator.ts";
import type { BoundObjectGetter } from "./authenticator.ts";
import type { ObjectRef, TokenIssuer, TokenWish } from "./issuer.ts";

export interface TokenRequestOptions {
  readonly issuer: TokenIssuer;
  /** Given to requests that name none. */
  readonly audiences: readonly string[];
  readonly objects: BoundObjectGetter;
  readonly clock: Clock;
  /** Longer wishes are shortened to this, in seconds; 0: any length is granted. */
  readonly maxExpirationSeconds?: number | undefined;
  /** Whether tokens in pods live a year and warn after an hour. Default true. */
  readonly extendExpiration?: boolean | undefined;
}

const kind = { group: "authentication.k8s.io", kind: "TokenRequest" };
const tenMinutes = 600;
const defaultExpiration = 3600;
/** The lifetime that the kubelet asks for: such tokens warn after it and live a year, for clients that never read them anew. */
const warnOnlyExpiration = 3607;
const extendedExpiration = 365 * 24 * 3600;

/** Answers the request with its status filled in. Errors as upstream's: 404, 409, 400, 422. */
export async function requestToken(
  options: TokenRequestOptions,
  namespace: string,
  name: string,
  request: TokenRequest,
  notes: AuthenticationNotes = noNotes,
): Promise<TokenRequest> {
  const given = request.metadata ?? {};
  const metadata = new FieldPath("metadata");
  if (given.name && given.name !== name) {
    throw invalid(kind, name, [invalidField(metadata.child("name"), given.name, "must match the service account name if specified")]);
  }
  if (given.namespace && given.namespace !== namespace) {
    const detail = "must match the service account namespace if specified";
    throw invalid(kind, name, [invalidField(metadata.child("namespace"), given.namespace, detail)]);
  }
  const account = await options.objects.serviceAccount(namespace, name);
  if (account === undefined) throw notFound({ group: "", resource: "serviceaccounts" }, name);
  const uid = account.metadata?.uid ?? "";
  if (given.uid && given.uid !== uid) {
    const why = `the UID in the token request (${given.uid}) does not match the UID of the service account (${uid})`;
    throw conflict({ group: kind.group, resource: kind.kind }, name, why);
  }
  let spec = {
    ...request.spec,
    audiences: request.spec?.audiences?.length ? request.spec.audiences : [...options.audiences],
    expirationSeconds: request.spec?.expirationSeconds ?? defaultExpiration,
  };
  const errors = validate(spec.expirationSeconds);
  if (errors.length > 0) throw invalid(kind, "", errors);

  // Go writes an absent reference as null, and so do its clients.
  const reference = spec.boundObjectRef ?? undefined;
  const bound = await boundObject(options, namespace, name, reference);
  const longest = options.maxExpirationSeconds ?? 0;
  if (longest > 0 && spec.expirationSeconds > longest) {
    notes.warn(`requested expiration of ${spec.expirationSeconds} seconds shortened to ${longest} seconds`);
    spec = { ...spec, expirationSeconds: longest };
  }
  const ours = spec.audiences.every((a) => options.audiences.includes(a));
  const extend = options.extendExpiration !== false && bound?.kind === "Pod" && spec.expirationSeconds === warnOnlyExpiration && ours;
  const now = options.clock.now();
  const { token, id } = options.issuer.issue({
    serviceAccount: { namespace, name, uid },
    audiences: spec.audiences,
    expirationSeconds: extend ? extendedExpiration : spec.expirationSeconds,
    warnAfterSeconds: extend ? spec.expirationSeconds : undefined,
    boundObject: bound,
  });
  notes.annotate("authentication.kubernetes.io/issued-credential-id", `JTI=${id}`);
  return {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { ...given, name, namespace, uid, creationTimestamp: formatTime(now) },
    spec: { ...spec, boundObjectRef: reference ?? (null as unknown as undefined) },
    status: { token, expirationTimestamp: formatTime(now + spec.expirationSeconds * 1000) },
  };
}

function validate(seconds: number): FieldError[] {
  const path = new FieldPath("spec").child("expirationSeconds");
  if (seconds < tenMinutes) return [invalidField(path, seconds, "may not specify a duration less than 10 minutes")];
  if (seconds > 2 ** 32) return [invalidField(path, seconds, "may not specify a duration larger than 2^32 seconds")];
  return [];
}

async function boundObject(
  options: TokenRequestOptions,
  namespace: string,
  account: string,
  ref: { apiVersion?: string | undefined; kind?: string | undefined; name?: string | undefined; uid?: string | undefined } | undefined,
): Promise<TokenWish["boundObject"]> {
  if (ref === undefined) return undefined;
  const [group = "", version = ""] = ref.apiVersion?.includes("/") === true ? ref.apiVersion.split("/") : ["", ref.apiVersion ?? ""];
  const name = ref.name ?? "";
  const { objects } = options;
  const check = (resource: string, uid: string | undefined): void => {
    if (uid === undefined) throw notFound({ group: "", resource }, name);
    if (ref.uid && ref.uid !== uid) {
      const why = `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
      throw conflict({ group, resource: ref.kind ?? "" }, name, why);
    }
  };
  if (group === "" && ref.kind === "Pod") {
    const pod = (await objects.pod(namespace, name)) as Pod | undefined;
    if (pod === undefined) throw notFound({ group: "", resource: "pods" }, name);
    if (pod.spec?.serviceAccountName !== account) {
      throw badRequest(`cannot bind token for serviceaccount "${account}" to pod running with different serviceaccount name.`);
    }
    check("pods", pod.metadata?.uid);
    return { kind: "Pod", ref: { name, uid: pod.metadata?.uid }, node: await nodeRef(objects, pod.spec.nodeName) };
  }
  if (group === "" && ref.kind === "Node") {
    const uid = (await objects.node(name))?.metadata?.uid;
    check("nodes", uid);
    return { kind: "Node", ref: { name, uid } };
  }
  if (group === "" && ref.kind === "Secret") {
    const uid = (await objects.secret(namespace, name))?.metadata?.uid;
    check("secrets", uid);
    return { kind: "Secret", ref: { name, uid } };
  }
  throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${ref.kind ?? ""}`);
}

async function nodeRef(objects: BoundObjectGetter, name: string | undefined): Promise<ObjectRef | undefined> {
  if (!name) return undefined;
  return { name, uid: (await objects.node(name))?.metadata?.uid };
}
