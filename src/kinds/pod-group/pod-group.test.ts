import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFieldError } from "../../schema/field-error.ts";
import type { PodGroup, Workload } from "../../schema/types/scheduling-v1alpha2.ts";
import { validateWorkload, validateWorkloadUpdate } from "../workload/validation.ts";
import { dropDisabledGroupFields } from "./disabled-fields.ts";
import { validatePodGroup, validatePodGroupStatusUpdate, validatePodGroupUpdate } from "./validation.ts";

const gang = { gang: { minCount: 2 } };
const group = (spec: Partial<PodGroup["spec"]>): PodGroup => ({ spec: { schedulingPolicy: gang, ...spec } });

test("a group has one policy and knows where it comes from", () => {
  assert.deepEqual(validatePodGroup(group({})), []);
  const wrong = group({
    schedulingPolicy: { basic: {}, gang: { minCount: -1 } },
    podGroupTemplateRef: { workload: { workloadName: "", podGroupTemplateName: "A" } },
    disruptionMode: "All",
  });
  assert.deepEqual(
    validatePodGroup(wrong).map((e) => `${e.field}: ${e.type}`),
    [
      "spec.podGroupTemplateRef.workload.workloadName: FieldValueRequired",
      "spec.podGroupTemplateRef.workload.podGroupTemplateName: FieldValueInvalid",
      "spec.schedulingPolicy: FieldValueInvalid",
      "spec.schedulingPolicy.gang.minCount: FieldValueInvalid",
      "spec.disruptionMode: FieldValueNotSupported",
    ],
  );
});

test("nothing of a group changes but its status", () => {
  const [error, ...more] = validatePodGroupUpdate(group({ priority: 5 }), group({})).map(describeFieldError);
  assert.deepEqual([error, more], ["spec.priority: Invalid value: null: field is immutable", []]);
  const claimed = { ...group({ resourceClaims: [{ name: "a" }] }), status: { resourceClaimStatuses: [{ name: "b" }] } };
  assert.deepEqual(validatePodGroupStatusUpdate(claimed).map(describeFieldError), [
    'status.resourceClaimStatuses[0].name: Invalid value: "b": must match the name of an entry in `spec.resourceClaims`',
  ]);
});

test("a workload has up to eight templates, told apart by name, for good", () => {
  const workload = (...names: string[]): Workload => ({
    spec: { podGroupTemplates: names.map((name) => ({ name, schedulingPolicy: gang })) },
  });
  assert.deepEqual(validateWorkload(workload()).map(describeFieldError), ["spec.podGroupTemplates: Required value"]);
  assert.deepEqual(validateWorkload(workload(...Array.from("abcdefghi"))).map(describeFieldError), [
    "spec.podGroupTemplates: Too many: 9: must have at most 8 items",
  ]);
  assert.deepEqual(validateWorkload(workload("a", "a")).map(describeFieldError), [
    'spec.podGroupTemplates[1]: Duplicate value: {"name":"a","schedulingPolicy":{"gang":{"minCount":2}}}',
  ]);
  assert.deepEqual(validateWorkloadUpdate(workload("b"), workload("a")).map(describeFieldError), [
    "spec.podGroupTemplates: Invalid value: null: field is immutable",
  ]);
});

test("what is behind gates is dropped, unless it is in use", () => {
  const spec = { schedulingPolicy: gang, priority: 5, disruptionMode: "Pod" };
  dropDisabledGroupFields(spec, { priority: 1 });
  assert.deepEqual(spec, { schedulingPolicy: gang, priority: 5 });
});
