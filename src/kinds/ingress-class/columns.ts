import type { IngressClass } from "../../schema/types/networking-v1.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function ingressClassCells(ingressClass: IngressClass, now: number): unknown[] {
  const isDefault = ingressClass.metadata?.annotations?.["ingressclass.kubernetes.io/is-default-class"] === "true";
  const { controller = "", parameters } = ingressClass.spec ?? {};
  const group = parameters?.apiGroup === undefined ? "" : `.${parameters.apiGroup}`;
  const reference = parameters === undefined ? "<none>" : `${parameters.kind}${group}/${parameters.name}`;
  return [nameOf(ingressClass) + (isDefault ? " (default)" : ""), controller, reference, age(ingressClass, now)];
}
