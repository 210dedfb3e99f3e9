import assert from "node:assert/strict";
import { X509Certificate, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { connect, createServer } from "node:tls";
import type { TLSSocket } from "node:tls";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { createCa, createCsr, generateKey, issueCertificate, keyPem, parseCsr, publicKeyPem, signRequest } from "./pki.ts";

const ca = createCa({ commonName: "tsukube" });

void test("an authority is self-signed, may sign certificates, and is valid now", () => {
  const cert = new X509Certificate(ca.certificate);
  assert.equal(cert.ca, true);
  assert.equal(cert.verify(cert.publicKey), true);
  assert.ok(new Date(cert.validFrom).getTime() < Date.now());
  assert.ok(new Date(cert.validTo).getTime() > Date.now() + 3000 * 86_400_000);
});

void test("a server certificate carries its names and chains to the authority", () => {
  const issued = issueCertificate(ca, {
    commonName: "kube-apiserver",
    sans: ["kubernetes.default.svc", "127.0.0.1", "::1", "fd00:10::1"],
    usages: ["server"],
  });
  const cert = new X509Certificate(issued.certificate);
  assert.equal(cert.checkIssued(new X509Certificate(ca.certificate)), true);
  assert.equal(cert.verify(new X509Certificate(ca.certificate).publicKey), true);
  assert.equal(cert.checkHost("kubernetes.default.svc"), "kubernetes.default.svc");
  assert.equal(cert.checkIP("127.0.0.1"), "127.0.0.1");
  assert.equal(cert.checkIP("fd00:10::1"), "fd00:10::1");
  assert.equal(cert.checkPrivateKey(createPrivateKey(issued.key)), true);
});

void test("a client certificate holds the user as CN and the groups as O, in order", () => {
  const issued = issueCertificate(ca, { commonName: "ünì:admin", organizations: ["system:masters", "second"], usages: ["client"] });
  assert.equal(new X509Certificate(issued.certificate).subject, "O=system:masters\nO=second\nCN=ünì:admin");
});

void test("mutual TLS works with what is issued", async () => {
  const server = issueCertificate(ca, { commonName: "s", sans: ["localhost", "127.0.0.1"], usages: ["server"] });
  const client = issueCertificate(ca, { commonName: "u", organizations: ["g"], usages: ["client"] });
  const listener = createServer({ cert: server.certificate, key: server.key, ca: ca.certificate, requestCert: true });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const accepted = once(listener, "secureConnection") as Promise<[TLSSocket]>;
  const socket = connect({
    port: (listener.address() as AddressInfo).port,
    host: "127.0.0.1",
    ca: ca.certificate,
    cert: client.certificate,
    key: client.key,
  });
  await once(socket, "secureConnect");
  const [peer] = await accepted;
  assert.equal(socket.authorized, true);
  assert.equal(peer.authorized, true);
  assert.equal(peer.getPeerCertificate().subject.CN, "u");
  socket.destroy();
  peer.destroy();
  listener.close();
});

void test("a signing request keeps its subject and names through parsing and signing", () => {
  const made = createCsr({ commonName: "system:node:n1", organizations: ["system:nodes"], sans: ["n1", "10.0.0.1"] });
  const csr = parseCsr(made.request);
  assert.equal(csr.commonName, "system:node:n1");
  assert.deepEqual(csr.organizations, ["system:nodes"]);
  assert.deepEqual(csr.dnsNames, ["n1"]);
  assert.deepEqual(csr.ipAddresses, ["10.0.0.1"]);
  const notBefore = Date.now();
  const usages = { keyUsage: [0, 2], extendedKeyUsage: ["1.3.6.1.5.5.7.3.2"] };
  const signed = signRequest(ca, csr, { ...usages, notBefore, notAfter: notBefore + 3_600_000 });
  const cert = new X509Certificate(signed);
  assert.equal(cert.checkPrivateKey(createPrivateKey(made.key)), true);
  assert.equal(cert.subject, "O=system:nodes\nCN=system:node:n1");
  assert.equal(cert.subjectAltName, "DNS:n1, IP Address:10.0.0.1");
  assert.deepEqual(cert.keyUsage, ["1.3.6.1.5.5.7.3.2"]);
});

void test("a request that was changed after signing is refused", () => {
  const made = createCsr({ commonName: "aaaaaaaa" });
  const body = Buffer.from(made.request.replace(/-----[A-Z ]+-----/g, ""), "base64");
  body.write("bbbbbbbb", body.indexOf("aaaaaaaa"));
  const changed = `-----BEGIN CERTIFICATE REQUEST-----\n${body.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
  assert.throws(() => parseCsr(changed), /x509: ECDSA verification failure/);
});

void test("keys go to PEM and back", () => {
  const key = generateKey();
  const signature = sign("sha256", Buffer.from("x"), createPrivateKey(keyPem(key)));
  assert.equal(verify("sha256", Buffer.from("x"), createPublicKey(publicKeyPem(keyPem(key))), signature), true);
});
