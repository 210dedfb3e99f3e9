import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { aesCbc, aesGcm } from "./aes.ts";
import { identity } from "./identity.ts";
import { hkdfGcm } from "./kms/hkdf-gcm.ts";
import { poly1305 } from "./poly1305.ts";
import { openBox, sealBox, secretbox } from "./secretbox.ts";
import { type Opened, PrefixTransformer, TransformError, type Transformer } from "./transformer.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ""), "hex");

test("Poly1305 makes the tag of RFC 8439", () => {
  const key = hex("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b");
  assert.equal(poly1305(key, Buffer.from("Cryptographic Forum Research Group")).toString("hex"), "a8061dc1305136c6c22b8baf0c0127a9");
});

test("secretbox makes what NaCl's tests expect", () => {
  const key = hex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389");
  const nonce = hex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37");
  const message = hex(`be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f4
    1db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082
    f937763848645e0705`);
  const box = hex(`f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011
    ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5
    f9b37973f622a43d14a6599b1f654cb45a74e355a5`);
  assert.deepEqual(sealBox(key, nonce, message), box);
  assert.deepEqual(openBox(key, nonce, box), message);
  box.writeUInt8(box.readUInt8(20) ^ 1, 20);
  assert.equal(openBox(key, nonce, box), undefined);
});

const bound: Record<string, Transformer> = { aesGcm: aesGcm(randomBytes(32)), hkdfGcm: hkdfGcm(randomBytes(32)) };
const loose: Record<string, Transformer> = { aesCbc: aesCbc(randomBytes(24)), secretbox: secretbox(randomBytes(32)) };

for (const [name, transformer] of Object.entries({ ...bound, ...loose })) {
  test(`${name} opens what it sealed, whatever its length, and nothing that was cut`, () => {
    for (const length of [0, 1, 15, 16, 17, 63, 64, 65, 3000]) {
      const data = randomBytes(length);
      const sealed = transformer.seal(data, "/registry/secrets/a/b");
      assert.deepEqual(Buffer.from((transformer.open(sealed, "/registry/secrets/a/b") as Opened).value), data);
      assert.throws(() => transformer.open(sealed.subarray(0, 8), "/registry/secrets/a/b"), TransformError);
    }
  });
}

for (const [name, transformer] of Object.entries(bound)) {
  test(`${name} does not open what was sealed for another place`, () => {
    const sealed = transformer.seal(Buffer.from("x"), "/registry/secrets/a/b");
    assert.throws(() => transformer.open(sealed, "/registry/secrets/a/c"), TransformError);
  });
}

test("the first provider seals, each opens what is its own, and the seal tells which it was", () => {
  const [old, fresh] = [secretbox(randomBytes(32)), aesGcm(randomBytes(32))];
  const before = new PrefixTransformer("no matching prefix found", [{ prefix: "k8s:enc:secretbox:v1:k:", transformer: old }]);
  const after = new PrefixTransformer("no matching prefix found", [
    { prefix: "k8s:enc:aesgcm:v1:k:", transformer: fresh },
    { prefix: "k8s:enc:secretbox:v1:k:", transformer: old },
    { prefix: "", transformer: identity },
  ]);
  const stored = before.seal(Buffer.from("x"), "/k");
  const opened = after.open(stored, "/k") as Opened;
  assert.equal(Buffer.from(opened.value).toString(), "x");
  assert.notEqual(opened.seal, after.current);
  assert.equal((after.open(after.seal(Buffer.from("x"), "/k"), "/k") as Opened).seal, after.current);
  assert.equal((after.open(Buffer.from("{}"), "/k") as Opened).seal, "");
  assert.throws(() => before.open(after.seal(Buffer.from("x"), "/k"), "/k"), /no matching prefix found/);
});

test("two keys of one name are both tried", () => {
  const [a, b] = [aesGcm(randomBytes(32)), aesGcm(randomBytes(32))];
  const both = new PrefixTransformer("none", [
    { prefix: "key1:", transformer: a },
    { prefix: "key1:", transformer: b },
  ]);
  const stored = new PrefixTransformer("none", [{ prefix: "key1:", transformer: b }]).seal(Buffer.from("x"), "/k");
  assert.equal(Buffer.from((both.open(stored, "/k") as Opened).value).toString(), "x");
});

test("encrypted data are never taken for plain ones", () => {
  assert.throws(() => identity.open(Buffer.from("k8s:enc:aescbc:v1:k:..."), "/k"), /identity transformer tried to read encrypted data/);
});
