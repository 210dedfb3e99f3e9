import type { KubeObject } from "../schema/object.ts";

export interface EventExtras {
  /** The part of the object that the event is about: `spec.containers{web}`. */
  fieldPath?: string;
  annotations?: Record<string, string>;
}

/** Writes Events about objects: repeated ones are counted into a series, floods are dropped, as client-go's recorder does. */
export interface EventRecorder {
  /**
   * `about` needs apiVersion, kind and metadata. `type` Normal or Warning; `reason` UpperCamelCase; `message` is already
   * formatted. Never waits and never throws: what cannot be written is logged and dropped.
   */
  event(about: KubeObject, type: "Normal" | "Warning", reason: string, message: string, extras?: EventExtras): void;
}

/** As {@link EventRecorder}, in the form of events.k8s.io: with the action taken and, if any, a second object. */
export interface ActionRecorder {
  event(about: KubeObject, related: KubeObject | undefined, type: "Normal" | "Warning", reason: string, action: string, note: string): void;
}
