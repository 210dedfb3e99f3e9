import { type CelType, DYN, formatType } from "./types.ts";

/** What type parameters have been found to stand for; parameters are told apart by their names. */
export class Substitution {
  readonly #found = new Map<string, CelType>();
  /** What was learnt, with what was known before, to be forgotten again. */
  readonly #learnt: (readonly [name: string, before: CelType | undefined])[] = [];

  /**
   * Whether a value of type `a` may be given where `b` is wanted; learns what parameters stand for. After false what was
   * learnt on the way is forgotten.
   */
  assignable(a: CelType, b: CelType): boolean {
    const before = this.#learnt.length;
    return this.#assignable(a, b) || this.#forget(before);
  }

  assignableAll(a: readonly CelType[], b: readonly CelType[]): boolean {
    const before = this.#learnt.length;
    return this.#eachAssignable(a, b) || this.#forget(before);
  }

  #forget(since: number): false {
    while (this.#learnt.length > since) {
      const [name, before] = this.#learnt.pop() as readonly [string, CelType | undefined];
      if (before) this.#found.set(name, before);
      else this.#found.delete(name);
    }
    return false;
  }

  #learn(name: string, type: CelType): void {
    this.#learnt.push([name, this.#found.get(name)]);
    this.#found.set(name, type);
  }

  /** The type with its parameters replaced; those still open stay, or become dyn. */
  apply(type: CelType, openToDyn: boolean): CelType {
    if (type.kind === "param") {
      const found = this.#found.get(type.name);
      if (found) return this.apply(found, openToDyn);
      return openToDyn ? DYN : type;
    }
    return type.params.length === 0 ? type : { ...type, params: type.params.map((p) => this.apply(p, openToDyn)) };
  }

  #assignable(a: CelType, b: CelType): boolean {
    if (b.kind === "param") {
      const { valid, known } = this.#stands(a, b);
      if (valid) return true;
      if (known) return false;
    }
    if (a.kind === "param") return this.#stands(b, a).valid;
    if (isDynamic(a) || isDynamic(b)) return true;
    if (a.kind === "null") return b.kind === "null" || NULLABLE.has(b.kind);
    if (b.kind === "null") return NULLABLE.has(a.kind);
    if (a.kind === "type") return b.kind === "type";
    return a.kind === b.kind && a.name === b.name && this.#eachAssignable(a.params, b.params);
  }

  #eachAssignable(a: readonly CelType[], b: readonly CelType[]): boolean {
    return a.length === b.length && a.every((t, i) => this.#assignable(t, b[i] as CelType));
  }

  #stands(type: CelType, parameter: CelType): { valid: boolean; known: boolean } {
    if (sameType(type, parameter)) return { valid: true, known: true };
    const found = this.#found.get(parameter.name);
    if (!found) {
      if (this.#mentions(type, parameter)) return { valid: false, known: false };
      this.#learn(parameter.name, type);
      return { valid: true, known: false };
    }
    if (sameType(type, found)) return { valid: true, known: true };
    if (!this.#assignable(type, found)) return { valid: false, known: true };
    const general = mostGeneral(type, found);
    if (!this.#mentions(general, parameter)) this.#learn(parameter.name, general);
    return { valid: true, known: true };
  }

  #mentions(type: CelType, parameter: CelType): boolean {
    if (type.kind !== "param") return type.params.some((p) => this.#mentions(p, parameter));
    if (type.name === parameter.name) return true;
    const found = this.#found.get(type.name);
    return found !== undefined && this.#mentions(found, parameter);
  }
}

const NULLABLE = new Set<CelType["kind"]>(["object", "opaque", "optional", "duration", "timestamp"]);

export function isDynamic(type: CelType): boolean {
  return type.kind === "dyn" || type.kind === "error";
}

export function sameType(a: CelType, b: CelType): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.params.length !== b.params.length) return false;
  return a.params.length === 0 ? a.name === b.name : formatType(a) === formatType(b);
}

/** Whether `a` says no more than `b`: dyn says least. */
function isEqualOrLessSpecific(a: CelType, b: CelType): boolean {
  if (a.kind === "dyn" || a.kind === "param") return true;
  if (b.kind === "dyn" || b.kind === "param") return false;
  if (a.kind !== b.kind || a.name !== b.name || a.params.length !== b.params.length) return false;
  return a.kind === "type" || a.params.every((p, i) => isEqualOrLessSpecific(p, b.params[i] as CelType));
}

/** Of two types that can be assigned to one another the one that says less. */
export function mostGeneral(a: CelType, b: CelType): CelType {
  if (a.kind === "null") return b;
  if (b.kind === "null") return a;
  return isEqualOrLessSpecific(a, b) ? a : b;
}
