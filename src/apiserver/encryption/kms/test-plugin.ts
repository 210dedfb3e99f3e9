/** A KMS plugin for tests: keys of its own in memory, on a unix socket, that can be rotated and made ill. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { Server, ServerCredentials, status as grpcStatus } from "@grpc/grpc-js";
import { fromJSON, type ServiceDefinition } from "@grpc/proto-loader";
import descriptor from "../../../../facts/grpc/kms-v2.json" with { type: "json" };

export interface TestPlugin {
  /** `unix:///…` */
  readonly endpoint: string;
  keyId: string;
  healthz: string;
  /** Calls of each method so far. */
  readonly calls: Record<"Status" | "Encrypt" | "Decrypt", number>;
  close(): void;
}

interface Call {
  readonly request: { readonly plaintext: Buffer; readonly ciphertext: Buffer; readonly keyId: string };
}
type Reply = (error: object | null, value?: object) => void;

/** The same key for the same name, in whichever process. */
const keyOf = (keyId: string): Buffer => createHash("sha256").update(keyId).digest();

export async function startTestPlugin(socket: string, keyId: string): Promise<TestPlugin> {
  const server = new Server();
  const plugin: TestPlugin = {
    endpoint: `unix://${socket}`,
    keyId,
    healthz: "ok",
    calls: { Status: 0, Encrypt: 0, Decrypt: 0 },
    close: () => server.forceShutdown(),
  };
  const root = fromJSON(descriptor as Parameters<typeof fromJSON>[0], { defaults: true });
  server.addService(root["v2.KeyManagementService"] as ServiceDefinition, {
    Status: (_call: Call, reply: Reply) => {
      plugin.calls.Status++;
      reply(null, { version: "v2", healthz: plugin.healthz, keyId: plugin.keyId });
    },
    Encrypt: ({ request }: Call, reply: Reply) => {
      plugin.calls.Encrypt++;
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", keyOf(plugin.keyId), nonce);
      const ciphertext = Buffer.concat([nonce, cipher.update(request.plaintext), cipher.final(), cipher.getAuthTag()]);
      reply(null, { ciphertext, keyId: plugin.keyId, annotations: { "test.example.com": Buffer.from("1") } });
    },
    Decrypt: ({ request }: Call, reply: Reply) => {
      plugin.calls.Decrypt++;
      const { ciphertext } = request;
      const decipher = createDecipheriv("aes-256-gcm", keyOf(request.keyId), ciphertext.subarray(0, 12));
      decipher.setAuthTag(ciphertext.subarray(-16));
      try {
        reply(null, { plaintext: Buffer.concat([decipher.update(ciphertext.subarray(12, -16)), decipher.final()]) });
      } catch {
        reply({ code: grpcStatus.INVALID_ARGUMENT, details: "this is not mine" });
      }
    },
  });
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error))),
  );
  return plugin;
}
