/** CEL as admission has it: the variables that expressions see, and expressions made ready (`apiserver/pkg/admission/plugin/cel`). */
import {
  analyse,
  BOOL,
  CelError,
  CelSyntaxError,
  type CelType,
  DYN,
  type Environment,
  formatType,
  INT,
  kubernetesEnvironment,
  type Library,
  listOf,
  mapOf,
  objectType,
  type Program,
  program,
  showProblems,
  STRING,
  TIMESTAMP,
} from "../../lang/cel/index.ts";

type Fields = Readonly<Record<string, CelType>>;

const STRINGS = listOf(STRING);
const GVK = objectType("kubernetes.GroupVersionKind");
const GVR = objectType("kubernetes.GroupVersionResource");

/** The fields of `request` and `namespaceObject`, by upstream's names of their types. */
export const admissionTypes: Readonly<Record<string, Fields>> = {
  "kubernetes.GroupVersionKind": { group: STRING, version: STRING, kind: STRING },
  "kubernetes.GroupVersionResource": { group: STRING, version: STRING, resource: STRING },
  "kubernetes.UserInfo": { username: STRING, uid: STRING, groups: STRINGS, extra: mapOf(STRING, STRINGS) },
  "kubernetes.AdmissionRequest": {
    kind: GVK,
    resource: GVR,
    subResource: STRING,
    requestKind: GVK,
    requestResource: GVR,
    requestSubResource: STRING,
    name: STRING,
    namespace: STRING,
    operation: STRING,
    userInfo: objectType("kubernetes.UserInfo"),
    dryRun: BOOL,
    options: DYN,
  },
  "kubernetes.NamespaceSpec": { finalizers: STRINGS },
  "kubernetes.NamespaceCondition": { status: STRING, type: STRING, lastTransitionTime: TIMESTAMP, message: STRING, reason: STRING },
  "kubernetes.NamespaceStatus": { conditions: listOf(objectType("kubernetes.NamespaceCondition")), phase: STRING },
  "kubernetes.NamespaceMetadata": {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: mapOf(STRING, STRING),
    annotations: mapOf(STRING, STRING),
    UID: STRING,
    creationTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIMESTAMP,
    generation: INT,
    resourceVersion: STRING,
    finalizers: STRINGS,
  },
  "kubernetes.Namespace": {
    metadata: objectType("kubernetes.NamespaceMetadata"),
    spec: objectType("kubernetes.NamespaceSpec"),
    status: objectType("kubernetes.NamespaceStatus"),
  },
};

export interface ExpressionEnvironmentOptions {
  readonly params?: boolean | undefined;
  /** Default true. */
  readonly authorizer?: boolean | undefined;
  /** The types of `object` and `oldObject`, of `params`; any by default. */
  readonly objectType?: CelType | undefined;
  readonly paramsType?: CelType | undefined;
  /** The type of `variables`, declared among {@link objects}. */
  readonly variables?: CelType | undefined;
  readonly objects?: Readonly<Record<string, Fields>> | undefined;
  readonly libraries?: readonly Library[] | undefined;
}

/** What expressions of admission may use. */
export function expressionEnvironment(options: ExpressionEnvironmentOptions = {}): Environment {
  const object = options.objectType ?? DYN;
  return kubernetesEnvironment({
    variables: {
      object,
      oldObject: object,
      request: objectType("kubernetes.AdmissionRequest"),
      namespaceObject: objectType("kubernetes.Namespace"),
      ...(options.params === true ? { params: options.paramsType ?? DYN } : {}),
      ...(options.variables === undefined ? {} : { variables: options.variables }),
      ...(options.authorizer === false
        ? {}
        : {
            authorizer: objectType("kubernetes.authorization.Authorizer"),
            "authorizer.requestResource": objectType("kubernetes.authorization.ResourceCheck"),
          }),
    },
    objects: { ...admissionTypes, ...options.objects },
    ...(options.libraries === undefined ? {} : { libraries: options.libraries }),
  });
}

/** An expression that was looked at once: ready to run, or with what is wrong with it. */
export interface CompiledExpression {
  readonly source: string;
  readonly type: CelType | undefined;
  readonly run: Program | undefined;
  /** Upstream's detail: `compilation failed: ERROR: <input>:1:1: …`, `must evaluate to bool but got int`. */
  readonly error: string | undefined;
  /** The expression cannot be read, or its parts do not fit; not merely a result of the wrong type. */
  readonly malformed: boolean;
}

/** `returns`: one of these types is what it must evaluate to; any when empty. */
export function compileExpression(env: Environment, source: string, returns: readonly CelType[]): CompiledExpression {
  const faulty = (error: string, malformed = true): CompiledExpression => ({ source, type: undefined, run: undefined, error, malformed });
  try {
    const analysed = analyse(env, source);
    if (analysed.problems.length > 0) return faulty(`compilation failed: ${showProblems(source, analysed.problems)}`);
    const { type } = analysed;
    const names = returns.map(typeText);
    if (returns.length > 0 && !names.includes(typeText(type))) {
      const wanted = names.length === 1 ? (names[0] as string) : `one of [${names.join(" ")}]`;
      return faulty(`must evaluate to ${wanted} but got ${typeText(type)}`, false);
    }
    return { source, type, run: program(env, analysed), error: undefined, malformed: false };
  } catch (error) {
    if (error instanceof CelSyntaxError)
      return faulty(`compilation failed: ${showProblems(source, [{ message: error.message, pos: error.pos }])}`);
    if (error instanceof CelError) return faulty(`program instantiation failed: ${error.message}`);
    throw error;
  }
}

/** A type as cel-go's own printing has it, which is not that of its messages. */
function typeText(type: CelType): string {
  return type.kind === "null" ? type.name : formatType(type);
}
