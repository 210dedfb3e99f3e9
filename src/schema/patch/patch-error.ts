/** Errors of patches, with upstream's codes and messages. */
import { ApiError } from "../../core/api-error.ts";

/** A patch that does not fit the object: upstream hides why behind a general sentence. `why` is its library's and goes into `cause`. */
export function patchRejected(why: string): ApiError {
  const error = new ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {});
  error.cause = new Error(why);
  return error;
}

/** A patch whose form is wrong. */
export function badPatch(message: string): ApiError {
  return new ApiError(400, "BadRequest", message);
}

/** A strategic merge patch that cannot be merged. Upstream gives 500 without a reason for these. */
export function unmergeable(message: string): ApiError {
  return new ApiError(500, "", message);
}

/** The patched object cannot be read: `patch` is the field, `value` what upstream prints for it. */
export function invalidPatch(value: string, why: string): ApiError {
  const body = `Invalid value: ${JSON.stringify(value)}: ${why}`;
  return new ApiError(422, "Invalid", ` "" is invalid: patch: ${body}`, {
    causes: [{ reason: "FieldValueInvalid", message: body, field: "patch" }],
  });
}

/** A value as Go's `%v` prints it: `map[a:1 b:[x y]]`. */
export function goPrint(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goPrint).join(" ")}]`;
  if (typeof value === "object") {
    const entries = Object.keys(value)
      .sort()
      .map((key) => `${key}:${goPrint((value as Record<string, unknown>)[key])}`);
    return `map[${entries.join(" ")}]`;
  }
  return String(value as string | number | boolean | bigint);
}
