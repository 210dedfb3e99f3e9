/** Bytes on the server's port that no honest client sends: broken HTTP/1.1, upgrades, HTTP/2 that is none. */
import { connect } from "node:tls";
import { mutateText } from "./mutations.ts";
import type { Chance } from "./random.ts";

const targets = [
  "/readyz",
  "/api/v1/namespaces/default/pods?watch=true&timeoutSeconds=1",
  "/api/v1/namespaces/default/pods/a/exec?command=sh&stdin=true",

  "/api/v1/namespaces/default/pods/a/portforward",
  "/api/v1/namespaces/default/pods/a/attach",
  "/api/v1/nodes/a/proxy/x",
  "*",
  "http://x/",
];
const lines = [
  "Connection: Upgrade",
  "Upgrade: SPDY/3.1",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",

  "Sec-WebSocket-Protocol: v5.channel.k8s.io",
  "X-Stream-Protocol-Version: v4.channel.k8s.io",
  "Content-Length: 5",
  "Content-Length: -1",

  "Transfer-Encoding: chunked",
  "Expect: 100-continue",
  "Accept: */*",
  "Content-Type: application/json",
  `X-Long: ${"x".repeat(20_000)}`,
  "Host: a",
];

function http1(chance: Chance): Buffer {
  const head = [`${chance.pick(["GET", "POST", "PUT", "CONNECT", "PRI", "X"])} ${chance.pick(targets)} HTTP/1.1`, "Host: localhost"];
  for (let n = chance.below(6); n > 0; n--) head.push(chance.pick(lines));
  let text = `${head.join("\r\n")}\r\n\r\n${chance.pick(["", "{}", "5\r\nhello\r\n0\r\n\r\n", "zz\r\n", "\u0081\u0085aaaa"])}`;
  if (chance.often(0.6)) text = mutateText(chance, text);
  return Buffer.from(text, "latin1");
}

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** The preface, and frames whose lengths, types and streams are anything. */
function http2(chance: Chance): Buffer {
  const frames: Buffer[] = [Buffer.from(preface, "latin1")];
  for (let n = chance.below(8); n > 0; n--) {
    const payload = Buffer.from(Array.from({ length: chance.below(60) }, () => chance.below(256)));
    const head = Buffer.alloc(9);
    head.writeUIntBE(chance.often(0.8) ? payload.length : chance.below(1 << 24), 0, 3);
    head[3] = chance.below(12);
    head[4] = chance.below(256);
    head.writeUInt32BE(chance.below(9), 5);
    frames.push(head, payload);
  }
  return Buffer.concat(frames);
}

/** Sends one such connection's bytes, then goes. Resolves when the connection is closed; rejects when that takes too long. */
export function abuse(chance: Chance, port: number): Promise<void> {
  const second = chance.often(0.4);
  const bytes = second ? http2(chance) : http1(chance);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ALPNProtocols: [second ? "h2" : "http/1.1"] });
    const late = setTimeout(() => {
      socket.destroy();
      reject(new Error(`the connection stayed open after its client had gone: ${JSON.stringify(bytes.toString("latin1")).slice(0, 1500)}`));
    }, 20_000);
    socket.once("secureConnect", () => {
      socket.write(bytes);
      setTimeout(() => socket.end(), 5);
    });
    socket.on("error", () => undefined);
    socket.once("close", () => {
      clearTimeout(late);
      resolve();
    });
    socket.resume();
  });
}
