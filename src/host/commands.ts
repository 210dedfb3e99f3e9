/** Running the system's own programs: `ip`, `nft`, `nsenter`, with their complaint in the error. */
import { spawn } from "node:child_process";

export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly command: string;
  readonly exitCode: number | null;
  readonly stderr: string;

  constructor(command: string, exitCode: number | null, stderr: string) {
    super(`${command}: ${stderr.trim() || `exit status ${exitCode}`}`);
    this.command = command;
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

/** Standard output of a command; `input` goes to its standard input. */
export function run(command: string, args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    let out = "";
    let err = "";
    child.stdout.on("data", (d: Buffer) => (out += d.toString()));
    child.stderr.on("data", (d: Buffer) => (err += d.toString()));
    child.on("error", (e) =>
      reject(new CommandError(command, null, (e as NodeJS.ErrnoException).code === "ENOENT" ? "not installed" : e.message)),
    );
    child.on("close", (code) => (code === 0 ? resolve(out) : reject(new CommandError(`${command} ${args.join(" ")}`, code, err))));
    child.stdin.on("error", () => undefined); // a command that ends before it has read everything says why on stderr
    child.stdin.end(input ?? "");
  });
}

/** As {@link run}, for clean-up: what is gone already is no fault. */
export async function attempt(command: string, args: readonly string[], input?: string): Promise<boolean> {
  try {
    await run(command, args, input);
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}
