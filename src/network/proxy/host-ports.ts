/** The part of the node's table that leads to pods by ports of the node. */
import type { HostPort } from "../host-port.ts";

export class HostPortTable {
  readonly #table: string;
  /** By what they say, in the order in which they came: where two claim a port, the later one has it. */
  readonly #ports = new Map<string, HostPort>();

  constructor(table: string) {
    this.#table = table;
  }

  /** The commands for what changes with these; empty when nothing does. */
  change(add: readonly HostPort[], remove: readonly HostPort[]): string {
    const before = elementsOf(this.#ports.values());
    for (const p of remove) this.#ports.delete(JSON.stringify(p));
    for (const p of add) this.#ports.set(JSON.stringify(p), p);
    const after = elementsOf(this.#ports.values());
    let text = "";
    for (const [key, value] of before) if (after.get(key) !== value) text += this.#command("delete", key, "");
    for (const [key, value] of after) if (before.get(key) !== value) text += this.#command("add", key, value);
    return text;
  }

  /** The commands that fill an empty table. */
  all(): string {
    let text = "";
    for (const [key, value] of elementsOf(this.#ports.values())) text += this.#command("add", key, value);
    return text;
  }

  #command(verb: string, key: string, value: string): string {
    const space = key.indexOf(" ");
    const element = key.slice(space + 1) + (value === "" ? "" : ` : ${value}`);
    return `${verb} element ip ${this.#table} ${key.slice(0, space)} { ${element} }\n`;
  }
}

/** Name of the map or set and key → value, empty for sets. */
function elementsOf(ports: Iterable<HostPort>): Map<string, string> {
  const elements = new Map<string, string>();
  for (const { protocol, port, at, podAddress, podPort } of ports) {
    const backend = `${podAddress} . ${podPort}`;
    elements.set(at === undefined ? `hostports ${protocol} . ${port}` : `hostports-at ${at} . ${protocol} . ${port}`, backend);
    // A pod that reaches itself by its node must not see its own address as the sender's.
    elements.set(`hostports-hairpin ${podAddress} . ${podAddress}`, "");
  }
  return elements;
}
