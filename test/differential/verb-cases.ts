/** The other verbs on a stored object and its collection: reads in each form, deletes, wrong paths, content types, options. */
import { collectionPath, type TestedKind } from "./bases.ts";
import { apiVersionOf, type Case, type CaseRequest } from "./case.ts";
import type { Json } from "./objects.ts";
import type { StoredObject } from "./setup.ts";
import { encodeProtobuf, normalize } from "../../src/schema/codec.ts";

const forms: readonly string[] = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
  "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=Unknown;v=v1;g=meta.k8s.io",
  "text/html",
  "application/cbor",
];

/** Fields that some kind selects by, and two that none does. */
const selectors: readonly string[] = [
  "metadata.name=full",
  "metadata.namespace=differential",
  "metadata.name!=full",
  "spec.nodeName=",
  "status.phase=Active",
  "status.phase=Pending",
  "spec.unschedulable=true",
  "spec.unschedulable=false",
  "type=Opaque",
  "type=Normal",
  "reason=R",
  "involvedObject.kind=Pod",
  "involvedObject.name=p",
  "reportingComponent=example.com/c",
  "source=c",
  "spec.restartPolicy=Always",
  "spec.schedulerName=default-scheduler",
  "spec.serviceAccountName=default",
  "spec.hostNetwork=true",
  "spec.hostNetwork=false",
  "status.podIP=",
  "status.nominatedNodeName=",
  "status.successful=0",
  "status.replicas=0",
  "spec.signerName=example.com/signer",
  "spec.clusterIP=None",
  "spec.type=ClusterIP",
  "spec.driver=example.com",
  "spec.parentRef.name=s",
  "metadata.labels=x",
  "spec.foo=bar",
  "metadata.uid=x",
  "name=full",
  "metadata.name",
  "metadata.name=a,spec.foo=b",
];

export function* verbCases(kind: TestedKind, stored: StoredObject): Generator<Case> {
  const at = collectionPath(kind);
  const { path } = stored;
  const ask = (title: string, ...requests: CaseRequest[]): Case => ({ kind: kind.id, title: `verb: ${title}`, field: "", requests });
  const get = (title: string, target: string, accept = "application/json"): Case =>
    ask(title, { method: "GET", path: target, headers: { accept } });
  for (const form of forms) {
    yield get(`get ${form}`, path, form);
    yield get(`list ${form}`, `${at}?fieldSelector=metadata.name%3D${path.split("/").at(-1) as string}`, form);
  }
  yield get("list whole", at);
  yield get("list in tables", at, "application/json;as=Table;v=v1;g=meta.k8s.io");
  for (const include of ["None", "Object", "Metadata", "Other"])
    yield get(`table with ${include}`, `${path}?includeObject=${include}`, forms[3]);
  for (const selector of selectors) yield get(`list by ${selector}`, `${at}?fieldSelector=${encodeURIComponent(selector)}`);
  for (const selector of ["a=b", "a in (b,c)", "!a", "a", "a!=b", "a=b,c", "a>1", "Bad Key=b", "a=Bad Value!", "a in ("]) {
    yield get(`list labelled ${selector}`, `${at}?labelSelector=${encodeURIComponent(selector)}`);
  }
  for (const query of [
    "limit=1",
    "limit=x",
    "limit=-1",
    "continue=x",
    "resourceVersion=x",
    "resourceVersion=0&resourceVersionMatch=Exact",
    "resourceVersionMatch=NotOlderThan",
    "timeoutSeconds=x",
    "sendInitialEvents=true",
    "pretty=true",
    "shards=1",
  ]) {
    yield get(`list with ${query}`, `${at}?${query}`);
  }
  yield get("missing", `${at}/missing`);
  yield get("a bad name", `${at}/Bad_Name!`);
  yield get("an unknown subresource", `${path}/unknown`);
  yield get("another version", at.replace(kind.row.version, "v9"));
  for (const { subresource, verbs } of kind.row.subresources ?? []) {
    if (verbs.includes("get") && !["log", "exec", "attach", "portforward", "proxy"].includes(subresource))
      yield get(`get ${subresource}`, `${path}/${subresource}`);
  }
  for (const method of ["POST", "PUT", "PATCH", "OPTIONS", "TRACE"])
    yield ask(`${method} where it is not served`, { method, path: method === "POST" ? path : at, body: "{}" });
  yield* deleteCases(path, at, ask);
  yield* bodyCases(kind, at, ask);
}

type Ask = (title: string, ...requests: CaseRequest[]) => Case;

function* deleteCases(path: string, at: string, ask: Ask): Generator<Case> {
  const drop = (title: string, body: Json | undefined, query = "?dryRun=All", target = path): Case =>
    ask(`delete ${title}`, { method: "DELETE", path: target + query, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  yield drop("dry", undefined);
  yield drop("missing", undefined, "?dryRun=All", `${at}/missing`);
  for (const propagationPolicy of ["Foreground", "Background", "Orphan", "Other"])
    yield drop(propagationPolicy, { propagationPolicy, dryRun: ["All"] }, "");
  yield drop("orphans both ways", { propagationPolicy: "Orphan", orphanDependents: true, dryRun: ["All"] }, "");
  yield drop("orphanDependents", { orphanDependents: true, dryRun: ["All"] }, "");
  yield drop("another uid", { preconditions: { uid: "4d1ce3ac-0b8f-4b6c-bb33-5f3c1f6f8f1e" }, dryRun: ["All"] }, "");
  yield drop("another version", { preconditions: { resourceVersion: "1" }, dryRun: ["All"] }, "");
  yield drop("its own uid", { preconditions: { uid: "@uid@", resourceVersion: "@rv@" }, dryRun: ["All"] }, "");
  yield drop("grace", { gracePeriodSeconds: 5, dryRun: ["All"] }, "");
  yield drop("no grace", { gracePeriodSeconds: 0, dryRun: ["All"] }, "");
  yield drop("negative grace", { gracePeriodSeconds: -1, dryRun: ["All"] }, "");
  yield drop("wrong options", { gracePeriodSeconds: "x", dryRun: ["All"] });
  yield drop("unknown options", { unknown: 1, dryRun: ["All"] });
  yield drop("options of another kind", { kind: "Other", apiVersion: "v1", dryRun: ["All"] });
  yield drop("dryRun=Some", undefined, "?dryRun=Some");
  yield drop("collection of none", undefined, "?dryRun=All&labelSelector=none%3Dnone", at);
  yield drop("collection by an unknown field", undefined, "?dryRun=All&fieldSelector=unknown%3Dnone", at);
}

/** Creates whose body is another language's, or none. */
function* bodyCases(kind: TestedKind, at: string, ask: Ask): Generator<Case> {
  const { group, version } = kind.row;
  const body: Json = JSON.parse(
    JSON.stringify({ ...kind.bases[0], metadata: { ...((kind.bases[0] as Json)["metadata"] as Json) } }),
  ) as Json;
  const post = (title: string, text: string, type: string, query = "?dryRun=All&fieldValidation=Strict"): Case =>
    ask(`create ${title}`, { method: "POST", path: at + query, headers: { "content-type": type }, body: text });
  const json = JSON.stringify(body);
  yield post("YAML", json, "application/yaml");
  yield post("YAML with a key twice", `${json.slice(0, -1)},"kind":"Twice"}`, "application/yaml");
  yield post("YAML that is none", "a: [", "application/yaml");
  yield post("YAML with a tab", "a:\n\t- b", "application/yaml");
  yield post("YAML with an unknown field", `${json.slice(0, -1)},"unknown":1}`, "application/yaml");
  const go = normalize(kind.typeName, structuredClone(body)) as Json;
  const bytes = encodeProtobuf(kind.typeName, { group, version, kind: kind.row.responseKind.kind }, go);
  yield post("protobuf", `base64:${Buffer.from(bytes).toString("base64")}`, "application/vnd.kubernetes.protobuf");
  yield post(
    "protobuf cut short",
    `base64:${Buffer.from(bytes.subarray(0, bytes.length - 20)).toString("base64")}`,
    "application/vnd.kubernetes.protobuf",
  );
  yield post("protobuf that is none", "xyz", "application/vnd.kubernetes.protobuf");
  yield post("nothing", "", "application/json");
  yield post("no JSON", "{", "application/json");
  yield post("a list", "[]", "application/json");
  yield post("null", "null", "application/json");
  yield post("text", json, "text/plain");
  yield post("another kind", json.replace(`"kind":"${kind.row.responseKind.kind}"`, '"kind":"Other"'), "application/json");
  yield post(
    "a kind of another group",
    json.replace(`"apiVersion":"${apiVersionOf(kind.row)}"`, '"apiVersion":"other/v1"'),
    "application/json",
  );
  yield post("without kind", JSON.stringify({ ...body, kind: undefined, apiVersion: undefined }), "application/json");
  yield post("dryRun=Some", json, "application/json", "?dryRun=Some");
  yield post("fieldValidation=Some", json, "application/json", "?dryRun=All&fieldValidation=Some");
  yield post("a long manager", json, "application/json", `?dryRun=All&fieldManager=${"a".repeat(129)}`);
  yield post("a generated name", JSON.stringify({ ...body, metadata: { generateName: "Bad_" } }), "application/json");
  yield post("no name", JSON.stringify({ ...body, metadata: {} }), "application/json");
  yield post("no metadata", JSON.stringify({ ...body, metadata: undefined }), "application/json");
}
