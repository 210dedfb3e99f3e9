/** metav1.ListOptions of a request, with upstream's checks. */
import { ApiError, badRequest, isApiError } from "../../core/api-error.ts";
import { type FieldError, FieldPath, forbiddenField, invalid, notSupported } from "../../schema/field-error.ts";
import { parseBoolean, parseInteger } from "./options.ts";

export interface ListOptions {
  readonly watch: boolean;
  /** Undefined: the newest. 0: whatever is at hand. */
  readonly revision: number | undefined;
  readonly match: "" | "Exact" | "NotOlderThan";
  readonly limit: number;
  readonly continue: string;
  readonly timeoutSeconds: number | undefined;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
}

/** The `resourceVersion` of a query; undefined when it is absent or empty. Throws 422 as upstream words it. */
export function parseRevision(query: URLSearchParams): number | undefined {
  const text = query.get("resourceVersion");
  if (text === null || text === "") return undefined;
  if (!/^\d+$/.test(text)) {
    const quoted = JSON.stringify(text);
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`,
    );
  }
  return Number(text);
}

/** As {@link parseRevision}; gets and watches give this fault no reason. */
export function parseRevisionBare(query: URLSearchParams): number | undefined {
  try {
    return parseRevision(query);
  } catch (error) {
    if (!isApiError(error)) throw error;
    throw new ApiError(500, "", error.message.slice("invalid resource version: ".length));
  }
}

export function parseListOptions(query: URLSearchParams, watch: boolean): ListOptions {
  const errors: FieldError[] = [];
  const revisionText = query.get("resourceVersion") ?? "";
  const match = query.get("resourceVersionMatch") ?? "";
  const continueToken = query.get("continue") ?? "";
  let sendInitialEvents = parseBoolean(query, "sendInitialEvents");
  if (watch) checkWatch(match, sendInitialEvents, continueToken, errors);
  else checkList(match, revisionText, sendInitialEvents, continueToken, errors);
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", errors);
  const revision = watch ? parseRevisionBare(query) : parseRevision(query);
  // Watches that name no version have always begun with the present objects.
  if (watch && sendInitialEvents === undefined && match === "" && (revision === undefined || revision === 0)) sendInitialEvents = true;
  const limit = parseInteger(query, "limit") ?? 0;
  const timeoutSeconds = parseInteger(query, "timeoutSeconds");
  return {
    watch,
    revision,
    match: match as ListOptions["match"],
    limit: Math.max(0, limit),
    continue: continueToken,
    timeoutSeconds,
    allowWatchBookmarks: parseBoolean(query, "allowWatchBookmarks") ?? false,
    sendInitialEvents,
  };
}

function checkList(match: string, revision: string, initial: boolean | undefined, continueToken: string, errors: FieldError[]): void {
  const path = new FieldPath("resourceVersionMatch");
  if (match !== "") {
    if (revision === "") errors.push(forbiddenField(path, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
    if (continueToken !== "") errors.push(forbiddenField(path, "resourceVersionMatch is forbidden when continue is provided"));
    if (match !== "Exact" && match !== "NotOlderThan") errors.push(notSupported(path, match, ["Exact", "NotOlderThan", ""]));
    if (match === "Exact" && revision === "0") {
      errors.push(forbiddenField(path, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (initial !== undefined) errors.push(forbiddenField(new FieldPath("sendInitialEvents"), "sendInitialEvents is forbidden for list"));
}

function checkWatch(match: string, initial: boolean | undefined, continueToken: string, errors: FieldError[]): void {
  const path = new FieldPath("resourceVersionMatch");
  if (initial !== undefined && match !== "NotOlderThan") {
    errors.push(forbiddenField(path, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  }
  if (match === "") return;
  if (initial === undefined) {
    errors.push(forbiddenField(path, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
  }
  if (match !== "NotOlderThan") errors.push(notSupported(path, match, ["NotOlderThan"]));
  if (continueToken !== "") errors.push(forbiddenField(path, "resourceVersionMatch is forbidden when continue is provided"));
}
