import assert from "node:assert/strict";
import { test } from "node:test";
import { CidrSet, formatCidr, parseCidr, type Cidr } from "./cidr-set.ts";

const cidr = (text: string): Cidr => {
  const parsed = parseCidr(text);
  assert.ok(parsed, text);
  return parsed;
};

test("ranges are read and written back, host bits cleared", () => {
  for (const text of ["10.244.0.0/16", "0.0.0.0/0", "fd00:10:244::/56", "::/0", "2001:db8:0:1::/64"])
    assert.equal(formatCidr(cidr(text)), text);
  assert.equal(formatCidr(cidr("10.244.3.7/24")), "10.244.3.0/24");
  for (const bad of ["10.244.0.0", "10.244.0.0/33", "10.244.0/24", "1::2::3/64", "300.0.0.0/8"]) assert.equal(parseCidr(bad), undefined);
});

test("slices come one after the other, and a released one only after the rest", () => {
  const set = new CidrSet(cidr("10.244.0.0/22"), 24);
  const take = () => set.allocate();
  const first = take();
  assert.equal(formatCidr(first as Cidr), "10.244.0.0/24");
  assert.equal(formatCidr(take() as Cidr), "10.244.1.0/24");
  set.release(first as Cidr);
  assert.equal(formatCidr(take() as Cidr), "10.244.2.0/24");
  assert.equal(formatCidr(take() as Cidr), "10.244.3.0/24");
  assert.equal(formatCidr(take() as Cidr), "10.244.0.0/24");
  assert.equal(take(), undefined);
});

test("what nodes have already, and the service range inside, is not handed out", () => {
  const set = new CidrSet(cidr("10.244.0.0/22"), 24);
  assert.ok(set.occupy(cidr("10.244.0.0/24")));
  assert.ok(set.occupy(cidr("10.244.2.0/23")));
  assert.ok(!set.occupy(cidr("10.96.0.0/16")));
  assert.equal(formatCidr(set.allocate() as Cidr), "10.244.1.0/24");
  assert.equal(set.allocate(), undefined);
});

test("a slice larger than its range is refused", () => {
  assert.throws(() => new CidrSet(cidr("10.244.0.0/24"), 16), /too big/);
});
