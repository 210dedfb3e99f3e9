import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { createCa, issueCertificate } from "./pki.ts";
import { clientAuthUsage, readCertificate, readCertificates, serverAuthUsage, verifyChain } from "./x509.ts";

const ca = createCa({ commonName: "one" });
const other = createCa({ commonName: "two" });
const leafOf = (usages: ("client" | "server")[]): ReturnType<typeof readCertificate> =>
  readCertificate(new X509Certificate(issueCertificate(ca, { commonName: "jane", organizations: ["dev", "ops"], usages }).certificate));
const now = (): number => Date.now();

void test("a certificate's subject, validity and usages are read from its DER", () => {
  const leaf = leafOf(["client"]);
  assert.deepEqual(leaf.subject, { commonName: "jane", organizations: ["dev", "ops"], uids: [] });
  assert.deepEqual(leaf.extendedKeyUsage, [clientAuthUsage]);
  assert.equal(leaf.isCa, false);
  assert.deepEqual(leaf.unknownCritical, []);
  assert.equal(readCertificates(`${ca.certificate}\n${other.certificate}`).length, 2);
  assert.equal(readCertificates(ca.certificate)[0]?.isCa, true);
});

void test("a chain holds when one of the roots issued the leaf, it is valid now, and the usage is granted", () => {
  const roots = readCertificates(ca.certificate);
  const leaf = leafOf(["client"]);
  assert.equal(verifyChain(leaf, [], roots, { now: now(), usage: clientAuthUsage }), undefined);
  assert.equal(
    verifyChain(leaf, [], [...readCertificates(other.certificate), ...roots], { now: now(), usage: clientAuthUsage }),
    undefined,
  );
  assert.match(
    verifyChain(leaf, [], readCertificates(other.certificate), { now: now(), usage: clientAuthUsage }) ?? "",
    /unknown authority/,
  );
  assert.match(verifyChain(leaf, [], roots, { now: now(), usage: serverAuthUsage }) ?? "", /incompatible key usage/);
  assert.match(verifyChain(leaf, [], roots, { now: now() + 400 * 86_400_000, usage: clientAuthUsage }) ?? "", /is after/);
  assert.match(verifyChain(leaf, [], roots, { now: now() - 86_400_000, usage: clientAuthUsage }) ?? "", /is before/);
});

void test("what is no authority signs nothing", () => {
  const middle = issueCertificate(ca, { commonName: "two", usages: ["client"] });
  const forged = issueCertificate(middle, { commonName: "mallory", usages: ["client"] });
  const leaf = readCertificate(new X509Certificate(forged.certificate));
  const fault = verifyChain(leaf, readCertificates(middle.certificate), readCertificates(ca.certificate), {
    now: now(),
    usage: clientAuthUsage,
  });
  assert.match(fault ?? "", /not authorized to sign/);
});
