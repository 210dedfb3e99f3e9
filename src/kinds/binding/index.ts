import type { Binding } from "../../schema/types/core-v1.ts";
import { bindings } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";

export const bindingKind: Kind = kind<Binding>({
  ref: bindings,
});
