import type { KubeObject } from "../schema/object.ts";

/** Writes Events about objects: repeated ones are counted into a series, floods are dropped, as client-go's recorder does. */
export interface EventRecorder {
  /** `type` Normal or Warning; `reason` UpperCamelCase; `message` is already formatted. */
  event(about: KubeObject, type: "Normal" | "Warning", reason: string, message: string): void;
}
