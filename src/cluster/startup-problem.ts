/** What goes wrong at the start, in one sentence with the mend. */
import { ClusterError } from "./state.ts";
import type { ClusterConfig } from "./options.ts";

export function startupProblem(error: unknown, config: ClusterConfig): Error {
  if (!(error instanceof Error)) return new ClusterError(String(error));
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "EADDRINUSE") return new ClusterError(`port ${config.port} is taken by another program; give a free one with --port`);
  if (code === "ENOSPC")
    return new ClusterError(
      `the disk of ${config.dataDir} is full; free some room and run \`tsukube up\` again: nothing that was acknowledged is lost`,
    );
  if (code === "EACCES" || code === "EROFS")
    return new ClusterError(`${config.dataDir} cannot be written to (${code}); mend its permissions or give another --data-dir`);
  if (error.name === "StoreError") return new ClusterError(error.message);
  return error;
}
