/** Selectors of devices. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { required, tooLong } from "../../schema/field-error.ts";
import type { DeviceSelector } from "../../schema/types/resource-v1.ts";
import { byteLength } from "../formats.ts";
import { validateDeviceExpression } from "./expression.ts";
import { validateList } from "./names.ts";

const selectorLimit = 32;
/** In bytes. */
const expressionLimit = 10 * 1024;

export function validateSelectors(selectors: readonly DeviceSelector[] | undefined, path: FieldPath, errors: FieldError[]): void {
  validateList(selectors, selectorLimit, path, errors, (selector, at) => {
    if (!selector.cel) {
      errors.push(required(at.child("cel")));
      return;
    }
    const here = at.child("cel", "expression");
    const expression = selector.cel.expression ?? "";
    // What is too long is not worth being read.
    if (byteLength(expression) > expressionLimit) errors.push(tooLong(here, expressionLimit));
    else validateDeviceExpression(expression, here, errors);
  });
}
