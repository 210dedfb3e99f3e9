import type { ResourceDefinition, ResourceVersion, Strategy, Subresource } from "../apiserver/resource.ts";
import type { Kind } from "../kinds/kind.ts";
import type { ServedSubresource } from "./rows.ts";
import type { StrategyTraits } from "./strategy/from-kind.ts";

/** What makes a resource more than its fields. */
export interface Special {
  /** Builds the resource's strategy on the general one. */
  readonly strategy?: ((base: Strategy, kind: Kind | undefined) => Strategy) | undefined;
  /** Builds the status subresource's strategy on the general one. */
  readonly status?: ((base: Strategy, kind: Kind | undefined) => Strategy) | undefined;
  readonly handler?: ResourceDefinition["handler"];
  readonly subresources?: Readonly<Record<string, SubresourceMaker>> | undefined;
  readonly conversions?: Readonly<Record<string, Pick<ResourceVersion, "toStorage" | "fromStorage">>> | undefined;
  readonly upgradeStored?: ResourceDefinition["upgradeStored"];
  /** Absent: the version discovery prefers. */
  readonly storageVersion?: string | undefined;
  /** Group of the stored objects where it is not the resource's own. */
  readonly storageGroup?: string | undefined;
}

export type SubresourceMaker = (served: ServedSubresource, kind: Kind | undefined, traits: StrategyTraits) => Subresource;
