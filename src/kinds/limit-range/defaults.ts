import type { LimitRange } from "../../schema/types/core-v1.ts";
import { roundResourceList } from "../resource-list.ts";

/** Fills in a limit range's defaults, in place: for containers `max` is the limit and the limit is the request. */
export function setLimitRangeDefaults(range: LimitRange): void {
  for (const item of range.spec?.limits ?? []) {
    if (item.type === "Container") {
      const limit = { ...item.max, ...item.default };
      const request = { ...item.min, ...limit, ...item.defaultRequest };
      if (Object.keys(limit).length > 0) item.default = limit;
      if (Object.keys(request).length > 0) item.defaultRequest = request;
    }
    roundResourceList(item.max);
    roundResourceList(item.min);
    roundResourceList(item.default);
    roundResourceList(item.defaultRequest);
    roundResourceList(item.maxLimitRequestRatio);
  }
}
