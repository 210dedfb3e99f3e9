/** Authorities of client certificates that are read again when their file changes. */
import { readFileSync } from "node:fs";
import { type FileWatch, watchFile } from "../../auth/config/watched-file.ts";
import type { Authorities } from "../../auth/authenticators.ts";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { readCertificates, type ReadCertificate } from "../../host/x509.ts";

/** A bundle that may change. */
export class AuthorityFile {
  readonly path: string;
  #text: string;
  /** What is trusted whatever the file says. */
  readonly #fixed: string;
  #certificates: readonly ReadCertificate[];
  readonly #listeners = new Set<() => void>();
  #watch: FileWatch | undefined;

  /** `text`: what is in the file now. `fixed`: PEM that counts beside it. Throws an Error for a file without certificates. */
  constructor(path: string, text: string, fixed = "") {
    this.path = path;
    this.#text = text;
    this.#fixed = fixed;
    this.#certificates = parse(path, text, fixed);
  }

  readonly authorities: Authorities = () => this.#certificates;

  /** All of them as one PEM bundle. */
  get bundle(): string {
    return `${this.#fixed}${this.#fixed === "" || this.#fixed.endsWith("\n") ? "" : "\n"}${this.#text}`;
  }

  onChange(run: () => void): void {
    this.#listeners.add(run);
  }

  start(clock: Clock, log: Logger): void {
    this.#watch = watchFile(this.path, () => this.#look(log), { clock, log });
  }

  stop(): void {
    this.#watch?.stop();
  }

  #look(log: Logger): void {
    const text = readFileSync(this.path, "utf8");
    if (text === this.#text) return;
    this.#certificates = parse(this.path, text, this.#fixed);
    this.#text = text;
    log.info("authorities of client certificates were read again", { path: this.path });
    for (const run of this.#listeners) run();
  }
}

function parse(path: string, text: string, fixed: string): ReadCertificate[] {
  let certificates: ReadCertificate[];
  try {
    certificates = readCertificates(text);
  } catch (error) {
    throw new Error(`error loading CA bundle ${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (certificates.length === 0) {
    throw new Error(`error loading CA bundle ${path}: data does not contain any valid RSA or ECDSA certificates`);
  }
  return [...readCertificates(fixed), ...certificates];
}
