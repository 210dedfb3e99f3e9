import { ImageStore } from "../../node/images/image-store.ts";

export const demoImageName = "tsukube.dev/demo:1";

/** A web server of one file: busybox's httpd on port 80, serving `/www`. */
export function buildDemoImage(imageDir: string, busybox: Buffer): void {
  const applets = ["sh", "httpd", "ls", "cat", "ps", "wget", "env", "id", "sleep", "tar", "nslookup", "ip"];
  new ImageStore(imageDir).build({
    name: demoImageName,
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    files: [
      { path: "bin/busybox", type: "file", mode: 0o755, content: busybox },
      ...applets.map((a) => ({ path: `bin/${a}`, type: "symlink" as const, target: "busybox" })),
      { path: "www/index.html", type: "file", content: Buffer.from("<!doctype html><title>tsukube</title><h1>It runs.</h1>\n") },
      { path: "etc/passwd", type: "file", content: Buffer.from("root:x:0:0:root:/:/bin/sh\n") },
      { path: "tmp", type: "directory", mode: 0o1777 },
    ],
    config: { Entrypoint: ["/bin/httpd"], Cmd: ["-f", "-v", "-p", "80", "-h", "/www"], Env: ["PATH=/bin"], WorkingDir: "/" },
  });
}
