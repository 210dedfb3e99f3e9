import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FakeClock } from "../../core/clock.ts";
import { silent } from "../../core/log.ts";
import { MetricsRegistry } from "../../core/metrics.ts";
import { observe, put, storeContract } from "../../store/contract.ts";
import { memoryStore } from "../../store/memory-store.ts";
import type { Store } from "../../store/store.ts";
import { ObjectStorage } from "../storage/object-storage.ts";
import type { Entry } from "../storage/entry.ts";
import { EncryptionAtRest } from "./encryption-at-rest.ts";
import { parseEncryptionConfiguration } from "./encryption-configuration.ts";
import { startTestPlugin } from "./kms/test-plugin.ts";

const directory = mkdtempSync(join(tmpdir(), "tsukube-encryption-"));
after(() => rmSync(directory, { recursive: true, force: true }));
let made = 0;
const file = (): string => join(directory, String(made++));

const secret = (): string => randomBytes(32).toString("base64");
const key = (name: string, value: string): string => `{"keys":[{"name":"${name}","secret":"${value}"}]}`;
const configuration = (...rules: readonly [resources: readonly string[], ...providers: string[]][]): string =>
  `{"kind":"EncryptionConfiguration","apiVersion":"apiserver.config.k8s.io/v1","resources":[${rules
    .map(([resources, ...providers]) => `{"resources":${JSON.stringify(resources)},"providers":[${providers.join(",")}]}`)
    .join(",")}]}`;

const open = (text: string, clock: FakeClock, path = "/config", reload = false): Promise<EncryptionAtRest> =>
  EncryptionAtRest.open({ text, path, reload, clock, log: silent, metrics: new MetricsRegistry(), server: "s" });

storeContract({
  name: "a sealed store",
  open: async (clock) => {
    const below = memoryStore({ clock, historyAge: 0 });
    const sealed = (await open(configuration([["secrets"], `{"aesgcm":${key("a", secret())}}`]), clock)).storeFor(below, "", "secrets");
    return Object.assign(sealed, { close: () => below.close() });
  },
  skips: { "it says how much it holds": "what is sealed is longer" },
});

const raw = async (store: Store, at: string): Promise<string> => Buffer.from((await store.get(at))?.value ?? []).toString("latin1");

void test("rules are by resource, then by group, then for all, and others are stored in the clear", async () => {
  const clock = new FakeClock();
  const store = memoryStore({ clock, historyAge: 0 });
  const encryption = await open(
    configuration(
      [["events"], '{"identity":{}}'],
      [["secrets"], `{"secretbox":${key("one", secret())}}`],
      [["*."], `{"aescbc":${key("two", secret())}}`],
      [["*.apps"], `{"aesgcm":${key("three", secret())}}`],
    ),
    clock,
  );
  const stored = async (group: string, resource: string): Promise<string> => {
    await put(encryption.storeFor(store, group, resource), `/registry/${resource}/x`, "{}");
    return (await raw(store, `/registry/${resource}/x`)).slice(0, 22);
  };
  assert.equal(await stored("", "events"), "{}");
  assert.match(await stored("", "secrets"), /^k8s:enc:secretbox:v1:o/);
  assert.match(await stored("", "pods"), /^k8s:enc:aescbc:v1:two/);
  assert.match(await stored("apps", "deployments"), /^k8s:enc:aesgcm:v1:thr/);
  assert.equal(await stored("batch", "jobs"), "{}");
  assert.equal(encryption.storeFor(store, "batch", "jobs"), store);
});

const storage = (store: Store, clock: FakeClock): ObjectStorage =>
  new ObjectStorage({ store, clock, storagePrefix: "/registry/secrets", upgrade: (o) => o, fault: (error) => assert.fail(String(error)) });

const object = (): { kind: string; apiVersion: string; metadata: { name: string }; data: object } => ({
  kind: "Secret",
  apiVersion: "v1",
  metadata: { name: "a" },
  data: {},
});

void test("after a rotation an update that changes nothing is written under the new key, once", async () => {
  const clock = new FakeClock();
  const store = memoryStore({ clock, historyAge: 0 });
  const [old, fresh] = [`{"aescbc":${key("old", secret())}}`, `{"secretbox":${key("new", secret())}}`];
  const before = storage((await open(configuration([["secrets"], old]), clock)).storeFor(store, "", "secrets"), clock);
  const first = (await before.create("ns/a", object())) as Entry;
  assert.equal(await before.replace(first, object()), first, "nothing to write under the same key");
  const after_ = storage((await open(configuration([["secrets"], fresh, old]), clock)).storeFor(store, "", "secrets"), clock);
  const read = (await after_.get("ns/a")) as Entry;
  assert.deepEqual(read.object(), first.object());
  const again = (await after_.replace(read, object())) as Entry;
  assert.ok(again.revision > read.revision);
  assert.match(await raw(store, "/registry/secrets/ns/a"), /^k8s:enc:secretbox:v1:new:/);
  assert.equal(await after_.replace(again, object()), again);
});

void test("one value that does not open hides no other", async () => {
  const clock = new FakeClock();
  const store = memoryStore({ clock, historyAge: 0 });
  await put(store, "/registry/secrets/ns/bad", "k8s:enc:aescbc:v1:gone:xxxx");
  await put(store, "/registry/secrets/ns/good", JSON.stringify(object()));
  const secrets = storage(
    (await open(configuration([["secrets"], `{"secretbox":${key("k", secret())}}`, '{"identity":{}}']), clock)).storeFor(
      store,
      "",
      "secrets",
    ),
    clock,
  );
  assert.equal((await secrets.get("ns/good"))?.object().kind, "Secret");
  const bad = (await secrets.get("ns/bad")) as Entry;
  assert.throws(() => bad.object(), /Internal error occurred: no matching prefix found/);
});

void test("a configuration that changes on the disk is taken over, one that is wrong is not", async () => {
  const clock = new FakeClock();
  const store = memoryStore({ clock, historyAge: 0 });
  const path = file();
  const [one, two] = [`{"aescbc":${key("one", secret())}}`, `{"aesgcm":${key("two", secret())}}`];
  const text = configuration([["secrets"], one]);
  writeFileSync(path, text);
  const encryption = await open(text, clock, path, true);
  const secrets = encryption.storeFor(store, "", "secrets");
  await put(secrets, "/registry/secrets/a", "{}");
  writeFileSync(path, configuration([["secrets"], two, one]));
  await encryption.reread();
  await put(secrets, "/registry/secrets/b", "{}");
  assert.match(await raw(store, "/registry/secrets/b"), /^k8s:enc:aesgcm:v1:two:/);
  assert.notEqual((await secrets.get("/registry/secrets/a"))?.seal, secrets.currentSeal?.());
  writeFileSync(path, "nonsense");
  await encryption.reread();
  await put(secrets, "/registry/secrets/c", "{}");
  assert.match(await raw(store, "/registry/secrets/c"), /^k8s:enc:aesgcm:v1:two:/);
  encryption.close();
});

/** The plugin answers in its own time. */
async function until(met: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !met(); i++) await new Promise((done) => setTimeout(done, 10));
  assert.ok(met());
}

void test("KMS: one key for many values, asked for once; a rotation makes what is stored stale; without the plugin writing ends after a while", async () => {
  const clock = new FakeClock();
  const below = memoryStore({ clock, historyAge: 0 });
  const plugin = await startTestPlugin(file(), "key-1");
  after(() => plugin.close());
  const text = configuration([["secrets"], `{"kms":{"apiVersion":"v2","name":"p","endpoint":"${plugin.endpoint}"}}`]);
  const writer = await open(text, clock);
  const secrets = writer.storeFor(below, "", "secrets");
  for (let i = 0; i < 5; i++) await put(secrets, `/registry/secrets/${i}`, String(i));
  assert.match(await raw(below, "/registry/secrets/0"), /^k8s:enc:kms:v2:p:/);
  assert.deepEqual([plugin.calls.Encrypt, plugin.calls.Decrypt], [1, 0]);

  const reader = await open(text, clock);
  const elsewhere = reader.storeFor(below, "", "secrets");
  const seen = observe(elsewhere, "/registry/secrets/", 3);
  const { items } = await elsewhere.range("/registry/secrets/");
  assert.deepEqual(
    items.map((kv) => Buffer.from(kv.value).toString()),
    ["0", "1", "2", "3", "4"],
  );
  assert.equal(plugin.calls.Decrypt, 1);
  await until(() => seen.events.length === 4);
  assert.equal(items[0]?.seal, elsewhere.currentSeal?.());

  plugin.keyId = "key-2";
  await clock.advance(61_000);
  const asked = await elsewhere.get("/registry/secrets/0");
  await until(() => asked?.seal !== elsewhere.currentSeal?.());
  assert.equal(reader.fault(), undefined);

  plugin.healthz = "broken";
  await clock.advance(61_000);
  await until(() => reader.fault() !== undefined);
  assert.match(reader.fault() ?? "", /^kms-provider-0: kmsv2 Provider p is not healthy, error: got unexpected healthz status: broken$/);
  plugin.close();
  await clock.advance(200_000);
  await assert.rejects(put(elsewhere, "/registry/secrets/9", "x"), /encryptedDEKSource with keyID hash "sha256:[0-9a-f]{64}" expired at/);
  assert.equal(Buffer.from((await elsewhere.get("/registry/secrets/0"))?.value ?? []).toString(), "0");
  writer.close();
  reader.close();
});

void test("what a configuration may not say is told as upstream tells it", () => {
  const faults: readonly [text: string, message: string][] = [
    [configuration(), "error while parsing file: resources: Required value: at least one resources is required"],
    [
      configuration([["Secrets", "*"], '{"identity":{}}']),
      'error while parsing file: [resources[0].resources: Invalid value: ["Secrets","*"]: using overlapping resources such as \'secrets\' and \'*.\' in the same resource list is not allowed as they will be masked, resources[0].resources[0]: Invalid value: "Secrets": resource name should not contain capital letters, resources[0].resources[1]: Invalid value: "*": use \'*.\' to encrypt all the resources from core API group or *.* to encrypt all resources]',
    ],
    [
      configuration([["secrets"], `{"aescbc":${key("k", "c2hvcnQ=")}}`]),
      'error while parsing file: resources[0].providers[0].aescbc.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 5, expected one of [16 24 32]',
    ],
    [
      configuration([["secrets"], '{"kms":{"apiVersion":"v2","name":"a:b","endpoint":"tcp://x"}}']),
      'error while parsing file: [resources[0].providers[0].kms.name: Invalid value: "a:b": invalid KMS provider name a:b, must not contain \':\', resources[0].providers[0].kms.endpoint: Invalid value: "tcp://x": unsupported scheme "tcp" for KMS provider, only unix is supported]',
    ],
    [
      configuration([["secrets"], '{"nope":{}}']),
      'error while parsing file: error decoding encryption provider configuration file "f": strict decoding error: unknown field "resources[0].providers[0].nope"',
    ],
  ];
  for (const [text, message] of faults) {
    assert.throws(
      () => parseEncryptionConfiguration(text, "f", false),
      (error) => {
        assert.equal((error as Error).message, message);
        return true;
      },
    );
  }
});

void test("a rule behind one that covers it is refused, and so is KMS v1", async () => {
  const clock = new FakeClock();
  const masked = configuration([["*.*"], '{"identity":{}}'], [["secrets"], '{"identity":{}}']);
  await assert.rejects(
    open(masked, clock),
    /^\w+: error while building transformers: resource "secrets" is masked by earlier rule "\*\.\*"$/,
  );
  const first = configuration([["secrets"], '{"kms":{"name":"p","endpoint":"unix:///x"}}']);
  await assert.rejects(open(first, clock), /KMSv1 is deprecated and will only receive security updates going forward/);
});
