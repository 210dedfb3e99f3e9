/** The executable that a runtime calls: hands environment and input to the agent's socket and gives its answer back. */
export function shimSource(nodePath: string, socketPath: string): string {
  return `#!${nodePath}
"use strict";
const net = require("net");
const fs = require("fs");
const env = {};
for (const name of Object.keys(process.env)) if (name.startsWith("CNI_")) env[name] = process.env[name];
const input = fs.readFileSync(0, "utf8");
if (process.argv[1].endsWith("/loopback")) {
  const ip = (args) => require("child_process").spawnSync("nsenter", ["--net=" + env.CNI_NETNS, "ip", ...args]);
  if (env.CNI_COMMAND === "ADD") ip(["link", "set", "lo", "up"]);
  let version = "1.0.0";
  try { version = JSON.parse(input).cniVersion || version; } catch (e) { process.exitCode = 1; }
  if (env.CNI_COMMAND === "VERSION") process.stdout.write(JSON.stringify({ cniVersion: version, supportedVersions: ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"] }));
  else if (env.CNI_COMMAND === "ADD") process.stdout.write(JSON.stringify({ cniVersion: version, interfaces: [{ name: "lo", sandbox: env.CNI_NETNS }], ips: [{ address: "127.0.0.1/8", interface: 0, version: version.startsWith("0.") ? "4" : undefined }] }));
} else {
  let answer = "";
  const socket = net.connect(${JSON.stringify(socketPath)});
  socket.setEncoding("utf8");
  socket.on("data", (d) => (answer += d));
  socket.on("error", (e) => fail("the node agent does not answer on " + ${JSON.stringify(socketPath)}, e.message));
  socket.on("end", () => {
    let a;
    try { a = JSON.parse(answer); } catch (e) { return fail("the node agent broke off", e.message); }
    process.stdout.write(a.out);
    process.exitCode = a.code;
  });
  socket.end(JSON.stringify({ env, input }) + "\\n");
  function fail(msg, details) {
    process.stdout.write(JSON.stringify({ cniVersion: "1.0.0", code: env.CNI_COMMAND === "STATUS" ? 50 : 11, msg, details }));
    process.exitCode = 1;
  }
}
`;
}
