/** The labels of a request, as upstream's metrics have them. */
import type { RequestInfo } from "./request.ts";

const verbLabels: Readonly<Record<string, string>> = {
  get: "GET",
  list: "LIST",
  watch: "WATCH",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
  deletecollection: "DELETECOLLECTION",
  proxy: "CONNECT",
};
const connects = new Set(["exec", "attach", "portforward", "proxy"]);

export function requestLabelsOf(info: RequestInfo, method: string, dryRun: boolean): Record<string, string> {
  let scope = "";
  if (info.isResource) {
    const named = info.name !== "" && info.verb !== "list" && info.verb !== "watch";
    scope = named || info.verb === "create" ? "resource" : info.namespace !== "" ? "namespace" : "cluster";
  }
  return {
    component: info.isResource ? "apiserver" : "",
    dry_run: dryRun ? "All" : "",
    group: info.group,
    resource: info.resource,
    scope,
    subresource: info.isResource ? info.subresource : info.path,
    verb: connects.has(info.subresource) ? "CONNECT" : info.isResource ? (verbLabels[info.verb] ?? method) : method,
    version: info.version,
  };
}
