/** Policies with their bindings, in order of their names; policies that did not change are not compiled again. */
import type { Binding, Policy, PolicyHook } from "./types.ts";

export class PolicyList<P extends Policy, E> {
  readonly #compile: (policy: P) => E;
  readonly #compiled = new WeakMap<P, E>();
  #hooks: readonly PolicyHook<P, E>[] = [];

  constructor(compile: (policy: P) => E) {
    this.#compile = compile;
  }

  get hooks(): readonly PolicyHook<P, E>[] {
    return this.#hooks;
  }

  update(policies: readonly P[], bindings: readonly Binding[]): void {
    const byPolicy = new Map<string, Binding[]>();
    for (const binding of bindings.toSorted(byName)) {
      const name = binding.spec?.policyName ?? "";
      const known = byPolicy.get(name);
      if (known === undefined) byPolicy.set(name, [binding]);
      else known.push(binding);
    }
    this.#hooks = policies.toSorted(byName).flatMap((policy) => {
      const bound = byPolicy.get(policy.metadata?.name ?? "");
      if (bound === undefined) return [];
      let evaluator = this.#compiled.get(policy);
      if (evaluator === undefined) this.#compiled.set(policy, (evaluator = this.#compile(policy)));
      return [{ policy, bindings: bound, evaluator }];
    });
  }
}

function byName(a: Policy | Binding, b: Policy | Binding): number {
  return (a.metadata?.name ?? "") < (b.metadata?.name ?? "") ? -1 : 1;
}
