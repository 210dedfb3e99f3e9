import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCall } from "../cni/protocol.ts";
import { hostPortsOf } from "../host-port.ts";
import { HostPortTable } from "./host-ports.ts";

test("one port is opened for several pods where protocol or address differ", () => {
  const table = new HostPortTable("t");
  const one = hostPortsOf("10.0.0.2", [{ hostPort: 80, containerPort: 8080, protocol: "TCP", hostIP: "127.0.0.1" }]);
  const two = hostPortsOf("10.0.0.3", [
    { hostPort: 80, containerPort: 8080, protocol: "UDP", hostIP: "0.0.0.0" },
    { hostPort: 80, containerPort: 8080, hostIP: "fd00::1" },
    { hostPort: 0, containerPort: 8081 },
  ]);
  assert.equal(
    table.change([...one, ...two], []),
    [
      "add element ip t hostports-at { 127.0.0.1 . tcp . 80 : 10.0.0.2 . 8080 }",
      "add element ip t hostports-hairpin { 10.0.0.2 . 10.0.0.2 }",
      "add element ip t hostports { udp . 80 : 10.0.0.3 . 8080 }",
      "add element ip t hostports-hairpin { 10.0.0.3 . 10.0.0.3 }",
      "",
    ].join("\n"),
  );
  assert.equal(table.change(one, []), "");
  assert.match(
    table.change([], one),
    /^delete element ip t hostports-at \{ 127\.0\.0\.1 \. tcp \. 80 \}\ndelete element ip t hostports-hairpin/,
  );
});

test("a pod that leaves late does not close the port of its successor", () => {
  const table = new HostPortTable("t");
  const old = hostPortsOf("10.0.0.2", [{ hostPort: 80, containerPort: 80 }]);
  const next = hostPortsOf("10.0.0.3", [{ hostPort: 80, containerPort: 80 }]);
  table.change(old, []);
  assert.match(
    table.change(next, []),
    /^delete element ip t hostports \{ tcp \. 80 \}\nadd element ip t hostports \{ tcp \. 80 : 10\.0\.0\.3 \. 80 \}/,
  );
  assert.equal(table.change([], old), "delete element ip t hostports-hairpin { 10.0.0.2 . 10.0.0.2 }\n");
  assert.match(table.all(), /hostports \{ tcp \. 80 : 10\.0\.0\.3 \. 80 \}/);
});

test("mappings are read in the case in which the runtime writes them", () => {
  const environment = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c", CNI_NETNS: "/n", CNI_IFNAME: "eth0" };
  const mapped = (mapping: object): unknown =>
    parseCall(environment, JSON.stringify({ cniVersion: "1.1.0", runtimeConfig: { portMappings: [mapping] } })).config.runtimeConfig
      ?.portMappings?.[0];
  const expected = { hostPort: 80, containerPort: 8080, protocol: "tcp", hostIP: "127.0.0.1" };
  assert.deepEqual(mapped({ HostPort: 80, ContainerPort: 8080, Protocol: "tcp", HostIP: "127.0.0.1" }), expected);
  assert.deepEqual(mapped(expected), expected);
  assert.deepEqual(mapped({ HostPort: 80, ContainerPort: 8080, Protocol: "", HostIP: "" }), { hostPort: 80, containerPort: 8080 });
});
