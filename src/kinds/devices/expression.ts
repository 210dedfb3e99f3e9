/** Expressions that choose devices: compiled as upstream's allocator compiles them (`dynamic-resource-allocation/cel`). */
import {
  analyse,
  BINDINGS,
  BOOL,
  CelError,
  CelSyntaxError,
  DYN,
  type Environment,
  estimateCost,
  formatType,
  kubernetesEnvironment,
  mapOf,
  objectType,
  program,
  showProblems,
  type Sizes,
  STRING,
} from "../../lang/cel/index.ts";
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { forbiddenField, invalidField } from "../../schema/field-error.ts";

const costLimit = 1_000_000n;

const device = "kubernetes.DRADevice";
let compiled: Environment | undefined;

function deviceEnvironment(): Environment {
  compiled ??= kubernetesEnvironment({
    libraries: [BINDINGS],
    variables: { device: objectType(device) },
    objects: {
      [device]: {
        driver: STRING,
        allowMultipleAllocations: BOOL,
        attributes: mapOf(STRING, mapOf(STRING, DYN)),
        capacity: mapOf(STRING, mapOf(STRING, objectType("kubernetes.Quantity"))),
      },
    },
  });
  return compiled;
}

/** The most that a device can hold, by the path to it. */
const sizes: Sizes = ([variable, field, ...rest]) => {
  if (variable !== "device") return undefined;
  const max = (n: number): { min: bigint; max: bigint } => ({ min: 0n, max: BigInt(n) });
  if (field === "driver") return max(63);
  if (field === "allowMultipleAllocations") return max(1);
  if (field !== "attributes" && field !== "capacity") return undefined;
  switch (rest.join(".")) {
    case "":
    case "@values":
      return max(32);
    case "@keys":
      return max(63);
    case "@values.@keys":
      return max(32);
    case "@values.@values":
      return max(field === "attributes" ? 64 : 0);
    default:
      return undefined;
  }
};

/** Tells why an expression is none about a device, or too dear. */
export function validateDeviceExpression(source: string, path: FieldPath, errors: FieldError[]): void {
  const fault = expressionFault(source);
  if (fault === "dear") errors.push(forbiddenField(path, "too complex, exceeds cost limit"));
  else if (fault !== undefined) errors.push(invalidField(path, source, fault));
}

function expressionFault(source: string): string | undefined {
  const env = deviceEnvironment();
  let analysed: ReturnType<typeof analyse>;
  try {
    analysed = analyse(env, source);
  } catch (error) {
    if (!(error instanceof CelSyntaxError)) throw error;
    return `compilation failed: ${showProblems(source, error.problems)}`;
  }
  if (analysed.problems.length > 0) return `compilation failed: ${showProblems(source, analysed.problems)}`;
  const { kind } = analysed.type;
  if (kind !== "bool" && kind !== "dyn") return `must evaluate to bool or the unknown type, not ${formatType(analysed.type)}`;
  try {
    program(env, analysed);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return `program instantiation failed: ${error.message}`;
  }
  return estimateCost(analysed, sizes).max > costLimit ? "dear" : undefined;
}
