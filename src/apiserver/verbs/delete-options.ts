/** metav1.DeleteOptions of a request, from its body or its query. */
import { badRequest, isApiError } from "../../core/api-error.ts";
import { type FieldError, FieldPath, invalid, invalidField, notSupported } from "../../schema/field-error.ts";
import { mutable } from "../../schema/object.ts";
import type { DeleteOptions } from "../../schema/types/meta-v1.ts";
import type { Scope } from "../scope.ts";
import { decodeBody } from "./body.ts";
import { checkDryRun, parseBoolean, parseInteger } from "./options.ts";

const typeName = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";

export interface DeleteWish {
  readonly options: DeleteOptions;
  readonly dryRun: boolean;
}

export async function parseDeleteOptions(scope: Scope): Promise<DeleteWish> {
  const options = await readOptions(scope);
  delete options.ignoreStoreReadErrorWithClusterBreakingPotential;
  const errors: FieldError[] = [];
  const policy = options.propagationPolicy;
  if (options.orphanDependents !== undefined && policy !== undefined) {
    errors.push(invalidField(new FieldPath("propagationPolicy"), policy, "orphanDependents and deletionPropagation cannot be both set"));
  }
  if (policy !== undefined && policy !== "Foreground" && policy !== "Background" && policy !== "Orphan") {
    errors.push(notSupported(new FieldPath("propagationPolicy"), policy, ["Foreground", "Background", "Orphan", "nil"]));
  }
  const dryRun = checkDryRun(options.dryRun ?? [], errors);
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", kind: "DeleteOptions" }, "", errors);
  return { options, dryRun };
}

async function readOptions(scope: Scope): Promise<DeleteOptions> {
  const { request } = scope;
  if (request.object !== undefined) return mutable(request.object) as DeleteOptions;
  if (request.body !== undefined && request.body.length > 0) {
    // Options may name any group version that knows them; `v1` and `meta.k8s.io/v1` are the usual ones.
    const type = { kind: "DeleteOptions", apiVersion: deleteOptionsVersion(request.body), typeName };
    try {
      return (await decodeBody(request, type, "Ignore", scope.state.maxBodyBytes)) as DeleteOptions;
    } catch (error) {
      throw isApiError(error) && error.code === 400 ? badRequest(bareMessage(error.message)) : error;
    }
  }
  return fromQuery(request.query);
}

/** Upstream tells a fault of the options without saying that they are options. */
function bareMessage(message: string): string {
  const unreadable = /^the object provided is unrecognized \(must be of type DeleteOptions\): ([^]*) \([^]*\)$/.exec(message);
  const unfit = /^\S+ in version "\S*" cannot be handled as a DeleteOptions: ([^]*)$/.exec(message);
  return unreadable?.[1] ?? unfit?.[1] ?? message;
}

function deleteOptionsVersion(body: Uint8Array): string {
  if (body[0] === 0x6b) {
    // `k8s\0`, a TypeMeta, in it the apiVersion: told by its length.
    const length = body[7] ?? 0;
    return Buffer.from(body.subarray(8, 8 + length)).toString() || "v1";
  }
  const named = /"?apiVersion"?\s*:\s*"?([\w./-]+)/.exec(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
  return named?.[1] ?? "v1";
}

function fromQuery(query: URLSearchParams): DeleteOptions {
  const options: DeleteOptions = {};
  if (query.size === 0) return options;
  const grace = parseInteger(query, "gracePeriodSeconds");
  if (grace !== undefined) options.gracePeriodSeconds = grace;
  const orphan = parseBoolean(query, "orphanDependents");
  if (orphan !== undefined) options.orphanDependents = orphan;
  const policy = query.get("propagationPolicy");
  if (policy !== null && policy !== "") options.propagationPolicy = policy;
  const dryRun = query.getAll("dryRun").filter((v) => v !== "");
  if (dryRun.length > 0) options.dryRun = dryRun;
  if (query.has("preconditions")) throw badRequest("preconditions are read from the body only");
  return options;
}
