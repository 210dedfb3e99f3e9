import assert from "node:assert/strict";
import { test } from "node:test";
import { FieldPath, type FieldError } from "../schema/field-error.ts";
import { formatCidr, formatIp, isDualStack, parseCidrSloppy, parseIpSloppy, validateIp, validateLegacyCidr } from "./addresses.ts";

function formatted(text: string): string | undefined {
  const address = parseIpSloppy(text);
  return address && formatIp(address);
}

test("addresses are written one way", () => {
  assert.equal(formatted("010.0.0.1"), "10.0.0.1");
  assert.equal(formatted("2001:DB8:0:0:0:0:0:1"), "2001:db8::1");
  assert.equal(formatted("::"), "::");
  assert.equal(formatted("1:0:0:2:0:0:0:3"), "1:0:0:2::3");
  for (const wrong of ["", "1.2.3", "1.2.3.256", "1::2::3", "12345::", "::1%eth0"]) assert.equal(formatted(wrong), undefined, wrong);
});

test("ranges have no bits beyond their prefix", () => {
  const cidr = parseCidrSloppy("10.1.2.3/16");
  assert.equal(cidr && formatIp(cidr.network), "10.1.0.0");
  assert.equal(cidr && formatCidr(cidr), "10.1.0.0/16");
  const errors: FieldError[] = [];
  validateLegacyCidr("10.1.2.3/16", new FieldPath("x"), errors);
  assert.equal(errors[0]?.body, 'Invalid value: "10.1.2.3/16": must not have bits set beyond the prefix length');
});

test("newer fields want the canonical text", () => {
  const errors: FieldError[] = [];
  assert.equal(validateIp("2001:db8::0", new FieldPath("x"), errors), false);
  assert.equal(errors[0]?.body, 'Invalid value: "2001:db8::0": must be in canonical form ("2001:db8::")');
});

test("two families", () => {
  assert.equal(isDualStack(["1.2.3.4", "::1"]), true);
  assert.equal(isDualStack(["1.2.3.4", "1.2.3.5"]), false);
});
