/** Which webhooks are asked again in the second round of mutating admission (`reinvocationPolicy: IfNeeded`). */
import { mutable, type UnstructuredObject } from "../../../schema/object.ts";
import type { Reinvocation } from "../../admission.ts";
import { jsonEqual } from "../../json-equal.ts";

/** A webhook, or a policy with its binding and parameter. */
export interface Invoked {
  readonly uid: string;
  readonly spec: { readonly reinvocationPolicy?: string | undefined };
}

export class Rounds {
  /** Called, and to be called again should something change the object after them. */
  #called = new Set<string>();
  readonly #again = new Set<string>();
  #output: UnstructuredObject | undefined;

  /** Those of one request, for one plugin. */
  static of(reinvocation: Reinvocation, plugin: string): Rounds {
    const known = reinvocation.notes.get(plugin);
    if (known instanceof Rounds) return known;
    const made = new Rounds();
    reinvocation.notes.set(plugin, made);
    return made;
  }

  /** The second round begins: other plugins may have changed what the last webhook of the first one left. */
  begin(object: UnstructuredObject | undefined): void {
    if (this.#called.size > 0 && !jsonEqual(this.#output, object)) this.changed();
  }

  isDue(hook: Pick<Invoked, "uid">): boolean {
    return this.#again.has(hook.uid);
  }

  /** The object changed: those that saw it before are due. */
  changed(): void {
    for (const uid of this.#called) this.#again.add(uid);
    this.#called = new Set();
  }

  called(hook: Invoked): void {
    if (hook.spec.reinvocationPolicy === "IfNeeded") this.#called.add(hook.uid);
  }

  end(object: UnstructuredObject | undefined): void {
    // Without a webhook to call again nobody will compare.
    if (this.#called.size > 0 && object !== undefined) this.#output = mutable(object);
  }
}
