import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultFeatureGates, parseFeatureGates } from "../core/feature-gates.ts";
import { defaultEnablement, enablementOf } from "./enablement.ts";

const given = (text: string, gates = ""): ReturnType<typeof enablementOf> =>
  enablementOf(new Map(text.split(",").map((pair) => pair.split("=") as [string, string])), parseFeatureGates([gates]).gates);

void test("without a word stable versions are served, beta and alpha ones are not", () => {
  assert.equal(defaultEnablement.serves("apps", "v1", "deployments"), true);
  assert.equal(defaultEnablement.serves("resource.k8s.io", "v1beta1", "resourceclaims"), false);
});

void test("a version, a stage, or a single resource can be switched on and off, and the narrower word wins", () => {
  const { enablement, faults } = given(
    "api/beta=true,resource.k8s.io/v1beta1=false,resource.k8s.io/v1beta1/resourceslices=true,batch/v1=false",
  );
  assert.deepEqual(faults, []);
  assert.equal(enablement.serves("networking.k8s.io", "v1beta1", "ipaddresses"), true);
  assert.equal(enablement.serves("resource.k8s.io", "v1beta1", "resourceclaims"), false);
  assert.equal(enablement.serves("resource.k8s.io", "v1beta1", "resourceslices"), true);
  assert.equal(enablement.serves("batch", "v1", "jobs"), false);
  assert.equal(enablement.serves("admissionregistration.k8s.io", "v1alpha1", "mutatingadmissionpolicies"), false);
});

void test("resources behind a gate that is off are not there", () => {
  assert.equal(given("api/all=true").enablement.serves("scheduling.k8s.io", "v1alpha2", "workloads"), false);
  assert.equal(given("api/all=true", "GenericWorkload=true").enablement.serves("scheduling.k8s.io", "v1alpha2", "workloads"), true);
});

void test("faults are those of upstream", () => {
  const faults = (text: string): string[] => given(text).faults;
  assert.deepEqual(faults("api/all=false"), ["invalid runtime-config with only api/all=false"]);
  assert.deepEqual(faults("api/beta=maybe"), ["invalid value api/beta=maybe"]);
  assert.deepEqual(faults("apps/v2=true"), ["group version apps/v2 that has not been registered"]);
  assert.deepEqual(faults("nonsense/v1=true"), ["unknown api groups nonsense/v1"]);
  assert.deepEqual(faults("apps/v1/x/y=true"), ["runtime-config invalid key apps/v1/x/y"]);
  assert.deepEqual(faults("apps/v1/Deployments=true"), [
    'invalid key apps/v1/Deployments: group/version/resource and resource is always lowercase plural, not "Deployments"',
  ]);
  assert.deepEqual(enablementOf(new Map(), defaultFeatureGates).faults, []);
});
