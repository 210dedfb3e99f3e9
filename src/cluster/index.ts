/** `import … from "tsukube"`: what programs may use. */
export { startControlPlane } from "./control-plane.ts";
export type { ControlPlane } from "./control-plane.ts";
export type { ControlPlaneOptions } from "./control-plane-options.ts";
export { resolveConfig } from "./options.ts";
export type { ClusterConfig, UpOptions } from "./options.ts";
export { ensurePki } from "./pki.ts";
export type { Client, ResourceClient } from "../client/client.ts";
export { httpClient } from "../client/http-client.ts";
export { loadKubeconfig, resolveContext } from "../client/kubeconfig.ts";
export { informerFactory } from "../client/informer-factory.ts";
