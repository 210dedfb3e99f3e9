/** A small kubelet for tests: logs, exec, attach and port-forward that answer from memory, over TLS as real ones do. */
import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { acceptPortForward } from "../../src/client/streaming/port-forward-server.ts";
import { acceptRemoteCommand } from "../../src/client/streaming/remote-command-server.ts";
import { exitStatus, type RemoteCommandSession, type UpgradeRequest } from "../../src/client/streaming/session.ts";
import { createCa, issueCertificate, type CertificateAndKey } from "../../src/host/pki.ts";

export interface TestKubelet extends AsyncDisposable {
  readonly port: number;
  readonly ca: string;
  readonly client: CertificateAndKey;
  /** Requests as they came: `GET /containerLogs/…`. */
  readonly requests: string[];
}

/** What a command does: `cat` echoes, `exit N` leaves with N, `size` prints the terminal's first size, others print themselves. */
async function runCommand(session: RemoteCommandSession, command: readonly string[]): Promise<void> {
  const [name = "", argument = ""] = command;
  let code = 0;
  if (name === "cat") {
    for await (const chunk of session.stdin ?? []) session.stdout?.write(chunk);
  } else if (name === "exit") {
    session.stderr?.write(`leaving with ${argument}\n`);
    code = Number(argument);
  } else if (name === "size") {
    await new Promise<void>((done) =>
      session.onResize(({ width, height }) => {
        session.stdout?.write(`${width}x${height}\r\n`);
        done();
      }),
    );
  } else session.stdout?.write(`${command.join(" ")}\n`);
  await session.finish(exitStatus(code));
}

async function upgrade(request: UpgradeRequest, path: string): Promise<void> {
  if (path.startsWith("/portForward/")) {
    const session = await acceptPortForward(request);
    session.onConnection(({ port, data, fail }) => {
      if (port === 81) fail("error forwarding port 81 to pod: connection refused");
      else {
        data.on("error", () => undefined);
        data.once("data", (chunk: Buffer) => data.end(`port ${port} got ${chunk.toString().split("\r\n")[0]}`));
      }
    });
    return;
  }
  const session = await acceptRemoteCommand(request);
  await runCommand(session, path.startsWith("/attach/") ? ["attached"] : request.query.getAll("command"));
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "https://kubelet");
  if (url.pathname.endsWith("/missing")) response.writeHead(404).end("no such container\n");
  else if (url.searchParams.get("follow") === "true") {
    response.write("first\n");
    setImmediate(() => response.end("second\n"));
  } else if (url.pathname.startsWith("/containerLogs/")) response.end(`${url.search}\n`);
  else response.end(`${request.method} ${request.url}\n`);
}

export async function startKubelet(): Promise<TestKubelet> {
  const ca = createCa({ commonName: "test" });
  const own = issueCertificate(ca, {
    commonName: "system:node:n1",
    organizations: ["system:nodes"],
    sans: ["127.0.0.1"],
    usages: ["server"],
  });
  const client = issueCertificate(ca, { commonName: "kube-apiserver", organizations: ["system:masters"], usages: ["client"] });
  const requests: string[] = [];
  const server: Server = createServer(
    { cert: own.certificate, key: own.key, ca: ca.certificate, requestCert: true, rejectUnauthorized: true },
    answer,
  );
  const open = new Set<Duplex>();
  server.on("request", (request: IncomingMessage) => requests.push(`${request.method} ${request.url}`));
  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    requests.push(`${incoming.method} ${incoming.url} ${incoming.headers.upgrade}`);
    open.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => open.delete(socket));
    const url = new URL(incoming.url ?? "/", "https://kubelet");
    const request = { method: incoming.method ?? "", headers: incoming.headers, query: url.searchParams, socket, head };
    upgrade(request, url.pathname).catch(() => socket.destroy());
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    port: (server.address() as AddressInfo).port,
    ca: ca.certificate,
    client,
    requests,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
