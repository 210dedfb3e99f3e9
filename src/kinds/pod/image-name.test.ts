import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultPullPolicy, imageTag } from "./image-name.ts";

test("the tag of an image", () => {
  const tags: [image: string, tag: string][] = [
    ["nginx", "latest"],
    ["nginx:1.25", "1.25"],
    ["localhost:5000/a/b", "latest"],
    ["localhost:5000/a/b:v1", "v1"],
    [`nginx@sha256:${"a".repeat(64)}`, ""],
    [`nginx:1@sha256:${"a".repeat(64)}`, "1"],
    ["NGINX", ""],
    ["", ""],
  ];
  for (const [image, tag] of tags) assert.equal(imageTag(image), tag, image);
});

test("only what is latest is always pulled", () => {
  assert.equal(defaultPullPolicy("nginx"), "Always");
  assert.equal(defaultPullPolicy("nginx:latest"), "Always");
  assert.equal(defaultPullPolicy("nginx:1"), "IfNotPresent");
});
