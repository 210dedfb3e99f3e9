/** Makes sure that a container's image is there, by its pull policy; events and failures in the kubelet's words. */
import type { Clock } from "../../core/clock.ts";
import type { Container, Pod, Secret } from "../../schema/types/core-v1.ts";
import type { CriClient } from "../cri/cri-client.ts";
import type { AuthConfig, Image, PodSandboxConfig } from "../cri/types.ts";
import { goDuration } from "../pod/durations.ts";
import { RestartBackoff } from "../pod/restart-backoff.ts";
import { StartError } from "../pod/start-error.ts";
import { untilAborted } from "../pod/until-aborted.ts";
import { credentialsFor } from "./pull-secrets.ts";
import { withDefaultTag } from "./references.ts";

export interface ImagePullerOptions {
  readonly cri: CriClient;
  readonly clock: Clock;
  /** An event about a container. */
  event(pod: Pod, container: Container, type: "Normal" | "Warning", reason: string, message: string): void;
}

export class ImagePuller {
  readonly #options: ImagePullerOptions;
  readonly #backoff: RestartBackoff;
  /** By pod and image: the failure of the last pull. */
  readonly #lastErrors = new Map<string, string>();
  readonly #pulls = new Map<string, Promise<string>>();

  constructor(options: ImagePullerOptions) {
    this.#options = options;
    this.#backoff = new RestartBackoff(options.clock);
  }

  /** The image as the runtime has it. Throws a {@link StartError}. */
  async ensure(pod: Pod, container: Container, secrets: readonly Secret[], sandbox: PodSandboxConfig, signal: AbortSignal): Promise<Image> {
    const { cri } = this.#options;
    const requested = container.image ?? "";
    const image = this.#complete(pod, container, requested);
    const policy = container.imagePullPolicy ?? "IfNotPresent";
    if (policy !== "Always") {
      const present = await this.#inspect(pod, container, image);
      if (present !== undefined) {
        this.#event(
          pod,
          container,
          "Normal",
          "Pulled",
          `Container image "${requested}" already present on machine and can be accessed by the pod`,
        );
        return present;
      }
      if (policy === "Never") {
        const message = `Container image "${requested}" is not present with pull policy of Never`;
        this.#event(pod, container, "Warning", "ErrImageNeverPull", message);
        throw new StartError("ErrImageNeverPull", message);
      }
    }
    await this.#pull(pod, container, requested, image, secrets, sandbox, signal);
    const pulled = await cri.imageStatus({ image });
    if (pulled === undefined) throw new StartError("ErrImagePull", `image "${requested}" vanished after it was pulled`);
    return pulled;
  }

  #complete(pod: Pod, container: Container, requested: string): string {
    try {
      return withDefaultTag(requested);
    } catch (error) {
      const why = `couldn't parse image name "${requested}": ${(error as Error).message}`;
      const message = `Failed to apply default image tag "${requested}": ${why}`;
      this.#event(pod, container, "Warning", "InspectFailed", message);
      throw new StartError("InvalidImageName", message);
    }
  }

  async #inspect(pod: Pod, container: Container, image: string): Promise<Image | undefined> {
    try {
      return await this.#options.cri.imageStatus({ image });
    } catch (error) {
      const message = `Failed to inspect image "": ${(error as Error).message}`;
      this.#event(pod, container, "Warning", "InspectFailed", message);
      throw new StartError("ImageInspectError", message);
    }
  }

  async #pull(
    pod: Pod,
    container: Container,
    requested: string,
    image: string,
    secrets: readonly Secret[],
    sandbox: PodSandboxConfig,
    signal: AbortSignal,
  ): Promise<void> {
    const { cri, clock } = this.#options;
    const key = `${pod.metadata?.uid ?? ""}_${requested}`;
    const retryAt = this.#backoff.retryAtSinceUpdate(key);
    if (retryAt !== undefined) {
      const message = `Back-off pulling image "${requested}"`;
      this.#event(pod, container, "Normal", "BackOff", message);
      const last = this.#lastErrors.get(key);
      throw new StartError("ImagePullBackOff", last === undefined ? message : `${message}: ${last}`, retryAt);
    }
    this.#lastErrors.delete(key);
    this.#event(pod, container, "Normal", "Pulling", `Pulling image "${requested}"`);
    const began = clock.monotonic();
    try {
      const auth = credentialsFor(image, secrets);
      await this.#shared(`${image} ${JSON.stringify(auth ?? null)}`, () => this.#pullWith(image, auth, sandbox), signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const why = (error as Error).message;
      this.#event(pod, container, "Warning", "Failed", `Failed to pull image "${requested}": ${why}`);
      this.#backoff.next(key, clock.now());
      this.#lastErrors.set(key, `ErrImagePull: ${why}`);
      throw new StartError("ErrImagePull", why, this.#backoff.retryAtSinceUpdate(key));
    }
    const took = goDuration(Math.trunc(clock.monotonic() - began));
    const size = (await cri.imageStatus({ image }))?.size ?? 0;
    const text = `Successfully pulled image "${requested}" in ${took} (${took} including waiting). Image size: ${size} bytes.`;
    this.#event(pod, container, "Normal", "Pulled", text);
  }

  async #pullWith(image: string, auths: readonly AuthConfig[], sandbox: PodSandboxConfig): Promise<string> {
    const { cri } = this.#options;
    if (auths.length === 0) return cri.pullImage({ image }, undefined, sandbox);
    let last: unknown;
    for (const auth of auths) {
      try {
        return await cri.pullImage({ image }, auth, sandbox);
      } catch (error) {
        last = error;
      }
    }
    throw last;
  }

  /** Pods that want the same image at the same time share one pull; it goes on when one of them goes. */
  #shared(key: string, pull: () => Promise<string>, signal: AbortSignal): Promise<string> {
    let shared = this.#pulls.get(key);
    if (shared === undefined) {
      shared = pull().finally(() => this.#pulls.delete(key));
      this.#pulls.set(key, shared);
    }
    return untilAborted(shared, signal);
  }

  #event(pod: Pod, container: Container, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#options.event(pod, container, type, reason, message);
  }

  forget(podUid: string): void {
    this.#backoff.forget(`${podUid}_`);
    for (const key of this.#lastErrors.keys()) if (key.startsWith(`${podUid}_`)) this.#lastErrors.delete(key);
  }
}
