/** `pods/log`: the kubelet's own stream, options checked (`PodLogOptions`). */
import type { IncomingMessage } from "node:http";
import type { ApiRequest, ApiResponse } from "../../apiserver/request.ts";
import { parseBoolean, parseInteger } from "../../apiserver/verbs/options.ts";
import { ApiError, badRequest, internalError } from "../../core/api-error.ts";
import { formatTime } from "../../core/clock.ts";
import { FieldPath, forbiddenField, invalid, invalidField, type FieldError } from "../../schema/field-error.ts";
import type { ResourceDeps } from "../deps.ts";
import type { Kubelets } from "../nodes/kubelet.ts";
import { originOf, requestBackend } from "../proxy/backend.ts";
import { relay } from "../proxy/reverse-proxy.ts";
import { chosenContainer, storedPod } from "./containers.ts";

interface LogOptions {
  container: string;
  follow: boolean;
  previous: boolean;
  timestamps: boolean;
  insecureSkipTLSVerifyBackend: boolean;
  sinceSeconds: number | undefined;
  sinceTime: string | undefined;
  tailLines: number | undefined;
  limitBytes: number | undefined;
}

export function logHandler(deps: ResourceDeps, kubelets: Kubelets): (request: ApiRequest) => Promise<ApiResponse> {
  return async (request) => {
    const { namespace, name } = request.info;
    const options = logOptions(request.query);
    const faults = validate(options, request.query);
    if (faults.length > 0) throw invalid({ group: "", kind: "PodLogOptions" }, name, faults);
    const pod = await storedPod(deps, namespace, name);
    const container = chosenContainer(pod, options.container);
    const nodeName = pod.spec?.nodeName ?? "";
    // A pod without a node has said nothing yet.
    if (nodeName === "") return { status: 200, headers: { "content-type": "text/plain" }, bytes: new Uint8Array(0) };
    const kubelet = await kubelets.find(nodeName, "pods");
    const backend = options.insecureSkipTLSVerifyBackend ? kubelet.unchecked : kubelet.backend;
    const query = kubeletQuery(options);
    const path = `/containerLogs/${namespace}/${name}/${container}${query === "" ? "" : `?${query}`}`;
    let answer: IncomingMessage;
    try {
      answer = await requestBackend(backend, { method: "GET", path, headers: {}, signal: request.signal });
    } catch (error) {
      throw new ApiError(500, "", `Get "${originOf(backend)}${path}": ${error instanceof Error ? error.message : String(error)}`);
    }
    const status = answer.statusCode ?? 0;
    if (status >= 300 && status < 400) {
      answer.resume();
      throw new ApiError(500, "", `Get "${originOf(backend)}${path}": redirects forbidden`);
    }
    if (status < 200 || status > 206) throw await backendError(answer, name);
    const response = relay(answer);
    return { ...response, status: 200, headers: { "content-type": "text/plain" } };
  };
}

function logOptions(query: URLSearchParams): LogOptions {
  const sinceTime = query.get("sinceTime");
  return {
    container: query.get("container") ?? "",
    follow: parseBoolean(query, "follow") ?? false,
    previous: parseBoolean(query, "previous") ?? false,
    timestamps: parseBoolean(query, "timestamps") ?? false,
    insecureSkipTLSVerifyBackend: parseBoolean(query, "insecureSkipTLSVerifyBackend") ?? false,
    sinceSeconds: parseInteger(query, "sinceSeconds"),
    sinceTime: sinceTime === null || sinceTime === "" ? undefined : goTime(sinceTime),
    tailLines: parseInteger(query, "tailLines"),
    limitBytes: parseInteger(query, "limitBytes"),
  };
}

function goTime(text: string): string {
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw badRequest(`parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(text)} as "2006"`);
  return formatTime(ms);
}

function validate(options: LogOptions, query: URLSearchParams): FieldError[] {
  const faults: FieldError[] = [];
  const { tailLines, limitBytes, sinceSeconds, sinceTime } = options;
  if (tailLines !== undefined && tailLines < 0)
    faults.push(invalidField(new FieldPath("tailLines"), tailLines, "must be greater than or equal to 0"));
  if (limitBytes !== undefined && limitBytes < 1)
    faults.push(invalidField(new FieldPath("limitBytes"), limitBytes, "must be greater than 0"));
  if (sinceSeconds !== undefined && sinceTime !== undefined)
    faults.push(forbiddenField(new FieldPath("[]"), "at most one of `sinceTime` or `sinceSeconds` may be specified"));
  else if (sinceSeconds !== undefined && sinceSeconds < 1)
    faults.push(invalidField(new FieldPath("sinceSeconds"), sinceSeconds, "must be greater than 0"));
  if (query.has("stream")) faults.push(forbiddenField(new FieldPath("stream"), "may not be specified"));
  return faults;
}

function kubeletQuery(options: LogOptions): string {
  const query = new URLSearchParams();
  for (const name of ["follow", "previous", "timestamps"] as const) if (options[name]) query.set(name, "true");
  for (const name of ["sinceSeconds", "sinceTime", "tailLines", "limitBytes"] as const) {
    const value = options[name];
    if (value !== undefined) query.set(name, String(value));
  }
  query.sort();
  return query.toString();
}

const maxErrorText = 50_000;

/** The kubelet's refusal as upstream passes it on. */
async function backendError(answer: IncomingMessage, name: string): Promise<ApiError> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    parts.push(part);
    size += part.length;
    if (size > maxErrorText) break;
  }
  const text = Buffer.concat(parts).toString("utf8", 0, Math.min(size, maxErrorText));
  const status = answer.statusCode ?? 500;
  if (status === 500) return internalError(text);
  if (status === 400) return badRequest(text);
  const about = { name, kind: "pods/log" };
  const message =
    status === 404
      ? "the server could not find the requested resource"
      : `the server responded with the status code ${status} but did not return more information`;
  const causes = text === "" ? {} : { causes: [{ reason: "UnexpectedServerResponse", message: text }] };
  return new ApiError(
    status,
    status === 404 ? "NotFound" : status === 403 ? "Forbidden" : status === 401 ? "Unauthorized" : "",
    `${message} ( pods/log ${name})`,
    {
      ...about,
      ...causes,
    },
  );
}
