import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveIntOrPercent } from "../schema/int-or-string.ts";
import { cidrContains, formatIp, isValidCidr, isValidIP, type ParsedCidr, type ParsedIp, parseCidr, parseIp } from "./ip.ts";
import { dns1035Label, dns1123Label, dns1123Subdomain, labelValue, nameIsDnsSubdomain, portName, qualifiedName } from "./names.ts";

test("names are checked with upstream's messages", () => {
  assert.deepEqual(dns1123Label("a-1"), []);
  assert.deepEqual(dns1123Label("a.b"), ["must not contain dots"]);
  assert.deepEqual(dns1123Label("A"), [
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  ]);
  assert.deepEqual(dns1123Subdomain(`${"a".repeat(254)}`), ["must be no more than 253 characters"]);
  assert.equal(dns1035Label("1a").length, 1);
  assert.deepEqual(nameIsDnsSubdomain("web-", true), []);
  assert.equal(nameIsDnsSubdomain("web-", false).length, 1);
  assert.deepEqual(qualifiedName("example.com/"), [
    "name part must be non-empty",
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
  ]);
  assert.deepEqual(labelValue("a".repeat(64)), ["must be no more than 63 bytes"]);
  assert.deepEqual(portName("a--b-"), ["must not contain consecutive hyphens", "must not begin or end with a hyphen"]);
});

test("addresses are read and written in canonical form", () => {
  for (const text of ["10.0.0.1", "::", "::1", "2001:db8::1", "fe80::a:0:0:1", "1:2:3:4:5:6:7:8", "2001:db8:0:1:1:1:1:1"]) {
    assert.equal(formatIp(parseIp(text) as ParsedIp), text);
    assert.deepEqual(isValidIP(text), []);
  }
  for (const text of ["", "1.2.3", "1.2.3.256", "1::2::3", ":::", "1:2:3:4:5:6:7", "g::", "1.2.3.4:5"])
    assert.equal(parseIp(text), undefined, text);
  assert.deepEqual(isValidIP("FE80::0abc"), ['must be in canonical form ("fe80::abc")']);
  assert.deepEqual(isValidIP("010.1.1.1"), ["must not have leading 0s"]);
  assert.deepEqual(isValidIP("::ffff:1.2.3.4"), ["must not be an IPv4-mapped IPv6 address"]);
});

test("networks are read, checked and asked", () => {
  assert.deepEqual(isValidCidr("10.0.0.0/8"), []);
  assert.deepEqual(isValidCidr("10.0.0.1/8"), ["must not have bits set beyond the prefix length"]);
  assert.deepEqual(isValidCidr("10.0.0.0/33"), ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]);
  const network = parseCidr("10.96.0.0/12") as ParsedCidr;
  assert.equal(cidrContains(network, parseIp("10.111.255.1") as ParsedIp), true);
  assert.equal(cidrContains(network, parseIp("10.112.0.0") as ParsedIp), false);
});

test("percentages are rounded as asked", () => {
  assert.equal(resolveIntOrPercent(3, 10, true), 3);
  assert.equal(resolveIntOrPercent("25%", 10, true), 3);
  assert.equal(resolveIntOrPercent("25%", 10, false), 2);
  assert.throws(() => resolveIntOrPercent("3", 10, true), {
    message: "invalid value for IntOrString: invalid type: string is not a percentage",
  });
});
