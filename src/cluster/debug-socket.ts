/** `--debug-socket-path`: profiles over a UNIX socket, for whoever may open it. */
import { rmSync } from "node:fs";
import { createServer } from "node:http";
import type { ApiServerFlags } from "./api-server-flags/index.ts";

export interface DebugSocket {
  close(): void;
}

/** Undefined: none is wanted. */
export async function openDebugSocket(flags: ApiServerFlags): Promise<DebugSocket | undefined> {
  const path = flags.string("debug-socket-path");
  if (path === "") return undefined;
  const { servePprof } = await import("../apiserver/endpoints/profiling.ts");
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? "/", "http://localhost");
    Promise.resolve(servePprof({ path: url.pathname, query: url.searchParams }))
      .then(({ status, headers, bytes }) => {
        outgoing.writeHead(status, headers);
        outgoing.end(bytes instanceof Uint8Array ? bytes : undefined);
      })
      .catch((error: unknown) => outgoing.destroy(error as Error));
  });
  // What an earlier run has left would keep the name.
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return {
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
