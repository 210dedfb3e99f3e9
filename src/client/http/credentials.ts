/** What goes into `Authorization`, and the certificates that plugins give. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { ApiError } from "../../core/api-error.ts";
import type { Clock } from "../../core/clock.ts";
import type { ClientConfig, ExecPlugin } from "../config.ts";
import type { PluginCertificate } from "./connections.ts";

const tokenFileAge = 60_000;

interface ExecStatus {
  token?: string;
  clientCertificateData?: string;
  clientKeyData?: string;
  expirationTimestamp?: string;
}

export class Credentials {
  readonly #config: ClientConfig;
  readonly #clock: Clock;
  #fileToken: { value: string; readAt: number } | undefined;
  #exec: Promise<ExecStatus> | undefined;

  constructor(config: ClientConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** The header's value; undefined when there is none. */
  async authorization(): Promise<string | undefined> {
    const { token, tokenFile, username, password, exec } = this.#config;
    if (tokenFile !== undefined) return `Bearer ${await this.#readToken(tokenFile)}`;
    if (token !== undefined) return `Bearer ${token}`;
    if (username !== undefined) return `Basic ${Buffer.from(`${username}:${password ?? ""}`).toString("base64")}`;
    if (exec === undefined) return undefined;
    const status = await this.#plugin(exec);
    return status.token === undefined ? undefined : `Bearer ${status.token}`;
  }

  async certificate(): Promise<PluginCertificate | undefined> {
    if (this.#config.exec === undefined) return undefined;
    const { clientCertificateData: certificate, clientKeyData: key } = await this.#plugin(this.#config.exec);
    return certificate === undefined || key === undefined ? undefined : { certificate, key };
  }

  /** The server said 401: what was cached is asked for again. False when there is nothing to ask. */
  refresh(): boolean {
    const cached = this.#fileToken !== undefined || this.#exec !== undefined;
    this.#fileToken = undefined;
    this.#exec = undefined;
    return cached;
  }

  async #readToken(path: string): Promise<string> {
    const now = this.#clock.monotonic();
    if (this.#fileToken !== undefined && now - this.#fileToken.readAt < tokenFileAge) return this.#fileToken.value;
    try {
      const value = (await readFile(path, "utf8")).trim();
      this.#fileToken = { value, readAt: now };
      return value;
    } catch (error) {
      // A token that is being replaced: the last one is better than none.
      if (this.#fileToken !== undefined) return this.#fileToken.value;
      throw new ApiError(401, "Unauthorized", `failed to read token file ${JSON.stringify(path)}: ${(error as Error).message}`);
    }
  }

  async #plugin(exec: ExecPlugin): Promise<ExecStatus> {
    this.#exec ??= runPlugin(exec, this.#config);
    try {
      const status = await this.#exec;
      const expires = status.expirationTimestamp === undefined ? Number.POSITIVE_INFINITY : Date.parse(status.expirationTimestamp);
      if (expires > this.#clock.now()) return status;
    } catch (error) {
      this.#exec = undefined;
      throw error;
    }
    this.#exec = runPlugin(exec, this.#config);
    return await this.#exec;
  }
}

function runPlugin(exec: ExecPlugin, config: ClientConfig): Promise<ExecStatus> {
  const cluster = {
    server: config.server,
    ...(config.tlsServerName === undefined ? {} : { "tls-server-name": config.tlsServerName }),
    ...(config.certificateAuthority === undefined
      ? {}
      : { "certificate-authority-data": Buffer.from(config.certificateAuthority).toString("base64") }),
  };
  const info = {
    apiVersion: exec.apiVersion,
    kind: "ExecCredential",
    spec: { interactive: process.stdin.isTTY === true, ...(exec.provideClusterInfo === true ? { cluster } : {}) },
  };
  const env = { ...process.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) } as Record<string, string>;
  for (const { name, value } of exec.env ?? []) env[name] = value;
  return new Promise((resolve, reject) => {
    const child = spawn(exec.command, [...(exec.args ?? [])], { env, stdio: ["inherit", "pipe", "inherit"] });
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString("utf8")));
    child.once("error", (error) => {
      const hint = exec.installHint === undefined ? "" : `\n\n${exec.installHint}`;
      reject(new ApiError(401, "Unauthorized", `getting credentials: exec: ${error.message}${hint}`));
    });
    child.once("close", (code) => {
      if (code !== 0) {
        reject(new ApiError(401, "Unauthorized", `getting credentials: exec: executable ${exec.command} failed with exit code ${code}`));
        return;
      }
      try {
        resolve((JSON.parse(out) as { status?: ExecStatus }).status ?? {});
      } catch (error) {
        reject(new ApiError(401, "Unauthorized", `getting credentials: decoding stdout: ${(error as Error).message}`));
      }
    });
  });
}
