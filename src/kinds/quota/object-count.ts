import { countName, intersection, type QuotaEvaluator } from "./evaluator.ts";

/** Counts objects. `alias`: the name from before there was `count/`. */
export function objectCount(group: string, resource: string, alias?: string): QuotaEvaluator {
  const names = [countName(group, resource), ...(alias === undefined ? [] : [alias])];
  const usage = Object.fromEntries(names.map((name) => [name, "1"]));
  return {
    group,
    resource,
    handles: ({ operation, subresource }) => operation === "CREATE" && subresource === "",
    matching: (asked) => intersection(asked, names),
    usage: () => usage,
  };
}
