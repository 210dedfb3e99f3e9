import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../usage-error.ts";
import { flagTable, mergeFlagArguments, resolveApiServerFlags } from "./index.ts";

function faultsOf(...args: string[]): string[] {
  try {
    resolveApiServerFlags(args);
  } catch (error) {
    assert.ok(error instanceof UsageError);
    return error.message.split("\n").map((line) => line.replace("--kube-apiserver-arg: ", ""));
  }
  return [];
}

void test("every flag of kube-apiserver v1.36 is known, with the hidden ones", () => {
  assert.equal(flagTable.size, 177);
});

void test("values are read by type, and lists add up", () => {
  const flags = resolveApiServerFlags([
    "request-timeout=90s",
    "--profiling=false",
    "enable-bootstrap-token-auth",
    "enable-admission-plugins=AlwaysPullImages,EventRateLimit",
    "enable-admission-plugins=PodNodeSelector",
    "runtime-config=api/beta=true,apps/v1",
    "service-node-port-range=30000+100",
  ]);
  assert.equal(flags.duration("request-timeout"), 90_000);
  assert.equal(flags.bool("profiling"), false);
  assert.equal(flags.bool("enable-bootstrap-token-auth"), true);
  assert.deepEqual(flags.list("enable-admission-plugins"), ["AlwaysPullImages", "EventRateLimit", "PodNodeSelector"]);
  assert.deepEqual(Object.fromEntries(flags.map("runtime-config")), { "api/beta": "true", "apps/v1": "" });
  assert.deepEqual(flags.portRange("service-node-port-range"), [30000, 30100]);
  assert.equal(flags.int("audit-log-maxage"), 366);
  assert.deepEqual(flags.list("oidc-signing-algs"), ["RS256"]);
  assert.equal(flags.shown().get("enable-admission-plugins"), "[AlwaysPullImages,EventRateLimit,PodNodeSelector]");
  assert.throws(() => flags.bool("request-timeout"), RangeError);
});

void test("all faults are told at once: unknown names, malformed values, values out of range, flags without a meaning", () => {
  assert.deepEqual(
    faultsOf("audit-log-pth=/x", "request-timeout=5", "goaway-chance=1", "etcd-servers=http://x", "max-requests-inflight=-1"),
    [
      "unknown flag: --audit-log-pth (did you mean audit-log-path?)",
      'invalid argument "5" for "--request-timeout" flag: time: missing unit in duration "5"',
      "--etcd-servers cannot be given: the store belongs to the cluster: `--store etcd=URL,URL` names its servers",
      "--max-requests-inflight can not be negative value",
      "--goaway-chance can not be less than 0 or greater than 0.02",
    ],
  );
  assert.deepEqual(faultsOf("feature-gates=Nonsense=true"), ["unrecognized feature gate: Nonsense"]);
  assert.deepEqual(faultsOf("cors-allowed-origins=example.com"), [
    "--cors-allowed-origins has an invalid regular expression: regular expression does not pin to start/end of host in the origin header",
  ]);
});

void test("a flag that is said again later is as it was said last, and can be taken back", () => {
  assert.deepEqual(mergeFlagArguments(["v=2", "profiling=false"], ["v=4"]), ["profiling=false", "v=4"]);
  assert.deepEqual(mergeFlagArguments(["v=2", "profiling=false"], ["profiling-"]), ["v=2"]);
});
