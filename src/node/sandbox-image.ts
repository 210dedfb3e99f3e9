/** The image of every pod's sandbox, made by the node itself. */
import { join } from "node:path";
import { goArchitecture } from "./node-object/machine.ts";
import type { ImageStore } from "./images/image-store.ts";
import { pauseBinary, type Architecture } from "./images/pause.ts";

export const sandboxImage = "tsukube.local/pause:1";

/** Puts it into the store, if it is not there yet. */
export function storeSandboxImage(store: ImageStore): void {
  const architecture: Architecture = goArchitecture() === "arm64" ? "arm64" : "amd64";
  store.build({
    name: sandboxImage,
    architecture,
    files: [{ path: "pause", type: "file", mode: 0o755, content: pauseBinary(architecture) }],
    config: { Entrypoint: [join("/", "pause")], User: "65535:65535", WorkingDir: "/" },
  });
}
