/** Compiles the expressions of one policy, whose variables see those before them. */
import { type CelType, DYN, type Environment, type Library, objectType, STRING } from "../../lang/cel/index.ts";
import { type CompiledExpression, compileExpression, expressionEnvironment } from "./expressions.ts";

export interface NamedExpression {
  readonly name: string;
  readonly expression: string;
}

/** The type of `variables`. */
export const variablesType: CelType = objectType("kubernetes.variables");

type Fields = ReadonlyMap<string, CelType>;

/** Any field is there, of any type: what is made of `Object{…}` is looked at when it is applied. */
class AnyFields extends Map<string, CelType> {
  override get(): CelType {
    return DYN;
  }
  override has(): boolean {
    return true;
  }
}

const anyFields: Fields = new AnyFields();
/** Of a field that is none: nothing has it, and upstream's messages show it as it is. */
const nameless: CelType = { kind: "opaque", name: "", params: [] };

class PatchFields extends Map<string, CelType> {
  override get(name: string): CelType {
    return super.get(name) ?? nameless;
  }
}

const patchFields: Fields = new PatchFields([
  ["op", STRING],
  ["from", STRING],
  ["path", STRING],
  ["value", DYN],
]);

/** The types of an environment, with `variables` growing and, for mutations, `Object`, `Object.spec`, … and `JSONPatch`. */
class PolicyTypes extends Map<string, Fields> {
  readonly #variables: Fields;
  readonly #patches: boolean;

  constructor(objects: ReadonlyMap<string, Fields>, variables: Fields, patches: boolean) {
    super(objects);
    this.#variables = variables;
    this.#patches = patches;
  }

  override get(name: string): Fields | undefined {
    if (name === variablesType.name) return this.#variables;
    if (this.#patches && name === "JSONPatch") return patchFields;
    if (this.#patches && (name === "Object" || name.startsWith("Object."))) return anyFields;
    return super.get(name);
  }

  override has(name: string): boolean {
    return this.get(name) !== undefined;
  }
}

export interface PolicyEnvironmentOptions {
  readonly params: boolean;
  /** There are `variables`. Default true. */
  readonly composed?: boolean | undefined;
  /** The types of `object` and `params` where they are known; any by default. */
  readonly objectType?: CelType | undefined;
  readonly paramsType?: CelType | undefined;
  readonly objects?: Readonly<Record<string, Readonly<Record<string, CelType>>>> | undefined;
}

/** Compiles the expressions of one policy. */
export class PolicyCompiler {
  readonly variables: Map<string, CompiledExpression> = new Map();
  readonly #types = new Map<string, CelType>();
  readonly #options: PolicyEnvironmentOptions;
  readonly #known = new Map<string, Environment>();

  constructor(options: PolicyEnvironmentOptions) {
    this.#options = options;
  }

  /** `authorizer`: default true. `patches`: the types that mutations are written with. */
  environment(use: { readonly authorizer?: boolean; readonly patches?: Library } = {}): Environment {
    const key = `${use.authorizer === false} ${use.patches !== undefined}`;
    let env = this.#known.get(key);
    if (env === undefined) {
      const made = expressionEnvironment({
        ...this.#options,
        authorizer: use.authorizer,
        variables: this.#options.composed === false ? undefined : variablesType,
        libraries: use.patches === undefined ? undefined : [use.patches],
      });
      env = { ...made, objects: new PolicyTypes(made.objects, this.#types, use.patches !== undefined) };
      this.#known.set(key, env);
    }
    return env;
  }

  /** Variables after this one may use it. */
  declare({ name, expression }: NamedExpression): CompiledExpression {
    const compiled = compileExpression(this.environment(), expression, []);
    this.variables.set(name, compiled);
    this.#types.set(name, compiled.type ?? DYN);
    return compiled;
  }
}
