/**
 * The agent's side of the plugin: a unix socket on which the executable hands over its environment and input, and the
 * installation of that executable and of its configuration for the runtime.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { dirname, join } from "node:path";
import type { Logger } from "../../core/log.ts";
import type { Attachments } from "./attachments.ts";
import { CniError, cniCode, errorResult, parseCall, shapeResult, supportedVersions, type NetworkConfig } from "./protocol.ts";
import { shimSource } from "./shim.ts";

export const pluginType = "tsukube";

export interface CniServerOptions {
  readonly socketPath: string;
  /** Where the runtime looks for configurations (`/etc/cni/net.d` of the node) and for executables. */
  readonly confDir: string;
  readonly binDir: string;
  /** The Node executable that runs the plugin. */
  readonly nodePath: string;
  readonly log: Logger;
}

interface Wire {
  env: Record<string, string>;
  input: string;
}

export class CniServer {
  readonly #options: CniServerOptions;
  readonly #server: Server;
  #attachments: Attachments | undefined;

  constructor(options: CniServerOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
  }

  /** From here on the runtime finds a network: the configuration is written last. */
  async start(attachments: Attachments): Promise<void> {
    this.#attachments = attachments;
    const { socketPath, confDir, binDir, nodePath } = this.#options;
    mkdirSync(dirname(socketPath), { recursive: true });
    rmSync(socketPath, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(socketPath, resolve);
    });
    chmodSync(socketPath, 0o600);
    mkdirSync(binDir, { recursive: true });
    const plugin = join(binDir, pluginType);
    replaceFile(plugin, shimSource(nodePath, socketPath), 0o755);
    // containerd sets `lo` up through a plugin of its own choice; where the system brings none, ours does it.
    const loopback = join(binDir, "loopback");
    const system = ["/usr/lib/cni/loopback", "/opt/cni/bin/loopback"].find((p) => existsSync(p));
    if (!existsSync(loopback)) {
      if (system !== undefined) copyFileSync(system, loopback);
      else replaceFile(loopback, shimSource(nodePath, socketPath), 0o755);
    }
    mkdirSync(confDir, { recursive: true });
    const list = {
      cniVersion: "1.0.0",
      cniVersions: ["0.4.0", "1.0.0", "1.1.0"],
      name: "tsukube",
      plugins: [{ type: pluginType, capabilities: { portMappings: true } }],
    };
    replaceFile(join(confDir, "10-tsukube.conflist"), `${JSON.stringify(list, undefined, 2)}\n`, 0o644);
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("error", (error) => this.#options.log.debug("a CNI call broke off", { error }));
    socket.on("data", (d: string) => {
      text += d;
      if (!text.endsWith("\n")) return;
      void this.#answer(text).then((answer) => socket.end(JSON.stringify(answer)));
    });
  }

  /** `code` is the executable's exit status, `out` its standard output. */
  async #answer(text: string): Promise<{ code: number; out: string }> {
    let version = "1.0.0";
    try {
      const wire = JSON.parse(text) as Wire;
      if (wire.env["CNI_COMMAND"] === "VERSION")
        return { code: 0, out: JSON.stringify({ cniVersion: versionOf(wire.input) ?? "1.1.0", supportedVersions }) };
      version = versionOf(wire.input) ?? version;
      const call = parseCall(wire.env, wire.input);
      if (this.#attachments === undefined) throw new CniError(cniCode.notAvailable, "the node has no pod range yet");
      const result = await this.#attachments.handle(call);
      this.#options.log.debug("CNI", {
        verb: call.verb,
        container: call.containerId,
        pod: call.args.get("K8S_POD_NAME"),
        address: result?.ips?.[0]?.address,
      });
      return { code: 0, out: result === undefined ? "" : JSON.stringify(shapeResult(result)) };
    } catch (error) {
      this.#options.log.warn("a CNI call failed", { error });
      return { code: 1, out: JSON.stringify(errorResult(error, version)) };
    }
  }
}

function versionOf(input: string): string | undefined {
  try {
    return (JSON.parse(input) as NetworkConfig).cniVersion;
  } catch {
    return undefined; // parseCall says what is wrong with the input
  }
}

function replaceFile(path: string, text: string, mode: number): void {
  writeFileSync(`${path}.new`, text, { mode });
  chmodSync(`${path}.new`, mode);
  renameSync(`${path}.new`, path);
}
