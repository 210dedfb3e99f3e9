/** Whether the selectors of a webhook, policy or binding take a request in: by labels of the namespace and of the object. */
import type { UnstructuredObject } from "../../schema/object.ts";
import { internalError, isApiError, notFound } from "../../core/api-error.ts";
import type { LabelSelectorMatcher } from "../../schema/label-selector.ts";
import type { AdmissionAttributes } from "../admission.ts";

/** A namespace by its name, from what is known at once or from the store. */
export type NamespaceLookup = (name: string) => UnstructuredObject | undefined | Promise<UnstructuredObject | undefined>;

/** A selector, made when it is first asked for; what is wrong with it is told then. */
export type LazySelector = () => LabelSelectorMatcher;

/**
 * A request for anything cluster-scoped but namespaces is always taken in. Throws 404 when the namespace is not there: only to
 * be heeded when the rules match, too.
 */
export function namespaceSelected(
  selector: LabelSelectorMatcher,
  attributes: AdmissionAttributes,
  namespaces: NamespaceLookup,
): boolean | Promise<boolean> {
  const { definition, namespace, operation, object } = attributes;
  const ofNamespace = definition.resource === "namespaces";
  if ((namespace === "" && !ofNamespace) || selector.empty) return true;
  // What is being made, or changed, is not what the store has.
  if (ofNamespace && attributes.subresource === "" && (operation === "CREATE" || operation === "UPDATE"))
    return selector.matches(object?.metadata?.labels ?? {});
  const found = namespaces(namespace);
  return found instanceof Promise ? found.then((later) => labelled(selector, later, namespace)) : labelled(selector, found, namespace);
}

function labelled(selector: LabelSelectorMatcher, found: UnstructuredObject | undefined, name: string): boolean {
  if (found === undefined) throw notFound({ group: "", resource: "namespaces" }, name);
  return selector.matches(found.metadata?.labels ?? {});
}

/** By the labels of the object as it is to be, or as it was. */
export function objectSelected(selector: LabelSelectorMatcher, { object, oldObject }: AdmissionAttributes): boolean {
  if (selector.empty) return true;
  return [object, oldObject].some((of) => of !== undefined && selector.matches(of.metadata?.labels ?? {}));
}

/** An answer, or the error that is to be told if the rest matches. */
export async function settled(run: () => boolean | Promise<boolean>): Promise<boolean | Error> {
  try {
    return await run();
  } catch (error) {
    return isApiError(error) ? error : internalError((error as Error).message);
  }
}
