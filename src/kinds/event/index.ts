export { coreEventKind } from "./core.ts";
export { eventV1Kind } from "./v1.ts";
