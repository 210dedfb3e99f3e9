/** What is wrong with a device class. */
import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField } from "../../schema/field-error.ts";
import type { DeviceClass } from "../../schema/types/resource-v1.ts";
import { validateConfiguration } from "../devices/configuration.ts";
import { validateList } from "../devices/names.ts";
import { validateSelectors } from "../devices/selectors.ts";
import { configurationLimit } from "../resource-claim/validation.ts";
import { isExtendedResource } from "../resource-names.ts";
import { semanticEqual } from "../semantic-equal.ts";

const path = new FieldPath("spec");

/** Errors of a device class beyond its metadata; `old`: what it follows. */
export function validateDeviceClass(deviceClass: DeviceClass, old?: DeviceClass): FieldError[] {
  const errors: FieldError[] = [];
  const { selectors, config, extendedResourceName: name } = deviceClass.spec ?? {};
  validateSelectors(selectors, path.child("selectors"), errors);
  const stored = old !== undefined && semanticEqual(config, old.spec?.config);
  validateList(config, configurationLimit, path.child("config"), errors, (c, at) => validateConfiguration(c, stored, at, errors));
  if (name !== undefined && !isExtendedResource(name)) {
    errors.push(invalidField(path.child("extendedResourceName"), name, "must be a valid extended resource name"));
  }
  return errors;
}
