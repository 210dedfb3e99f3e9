import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultFeatureGates, knownFeatureGates, parseFeatureGates } from "./feature-gates.ts";

void test("without a word every gate has the default of v1.36", () => {
  assert.equal(knownFeatureGates().size, 242);
  assert.equal(defaultFeatureGates.enabled("WatchList"), true);
  assert.equal(defaultFeatureGates.enabled("PodCertificateRequest"), false);
  assert.equal(defaultFeatureGates.enabled("HPAScaleToZero"), false);
  assert.throws(() => defaultFeatureGates.enabled("Nonsense"), RangeError);
});

void test("AllAlpha switches the alpha gates, but for those that are named", () => {
  const { gates, faults } = parseFeatureGates(["HPAScaleToZero=false", "kube:AllAlpha=true"]);
  assert.deepEqual(faults, []);
  assert.equal(gates.enabled("CBORServingAndStorage"), true);
  assert.equal(gates.enabled("HPAScaleToZero"), false);
  assert.equal(gates.enabled("ClusterTrustBundle"), false, "a beta gate is not meant");
  assert.equal(gates.enabled("AllBeta"), false);
});

void test("AllBeta=false also takes away what beta gates that are on by default depend on, and that is told", () => {
  const { gates, faults } = parseFeatureGates(["AllBeta=false"]);
  assert.equal(gates.enabled("PodLevelResources"), false);
  assert.deepEqual(faults, []);
});

void test("every fault is told at once, in upstream's words", () => {
  const { faults } = parseFeatureGates([
    "Nonsense=true,WatchList,WatchList=maybe,wardle:X=true",
    "StructuredAuthenticationConfiguration=false",
  ]);
  assert.deepEqual(faults, [
    "unrecognized feature gate: Nonsense",
    "missing bool value for WatchList",
    'invalid value of WatchList=maybe, err: strconv.ParseBool: parsing "maybe": invalid syntax',
    "component not registered: wardle",
    "cannot set feature gate StructuredAuthenticationConfiguration to false, feature is locked to true",
  ]);
});

void test("a gate does not go on without those it depends on", () => {
  assert.deepEqual(parseFeatureGates(["GangScheduling=true"]).faults, [
    "GangScheduling is enabled, but depends on features that are disabled: [GenericWorkload]",
  ]);
  assert.deepEqual(parseFeatureGates(["GangScheduling=true,GenericWorkload=true"]).faults, []);
});
