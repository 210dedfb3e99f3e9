/**
 * Who owns whom, over all resources. Pure: it is told what was seen and says what is to be looked at. An object that
 * neither owns nor is owned has no node.
 */
import type { KubeObject } from "../../schema/object.ts";
import type { OwnerReference } from "../../schema/types/meta-v1.ts";

export const foregroundFinalizer = "foregroundDeletion";
export const orphanFinalizer = "orphan";

export interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty: cluster-scoped. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface GraphNode {
  identity: Identity;
  readonly dependents: Set<GraphNode>;
  owners: readonly OwnerReference[];
  /** Waits in foreground deletion for what it owns. */
  deletingDependents: boolean;
  beingDeleted: boolean;
  /** Known from references only: whether it exists is to be found out. */
  virtual: boolean;
}

/** What the graph wants done. Called while an event is taken in; must not call back. */
export interface GraphEffects {
  /** See whether the object with this uid may go, or may be let go of. */
  attemptDelete(uid: string): void;
  attemptOrphan(uid: string): void;
  /** The owner lives in another namespace. */
  invalidOwner(dependent: Identity, owner: OwnerReference): void;
  /** The owner is known not to exist. */
  absent(identity: Identity): void;
  /** The object that a reference from `namespace` names, when a cache has it under that uid. */
  lookup(owner: OwnerReference, namespace: string): { object: KubeObject; identity: Identity } | undefined;
}

const hasFinalizer = (object: KubeObject, finalizer: string): boolean => object.metadata?.finalizers?.includes(finalizer) === true;
const goes = (object: KubeObject): boolean => object.metadata?.deletionTimestamp !== undefined;

/** The object is being deleted and waits by this finalizer. */
export function waits(object: KubeObject, finalizer: string): boolean {
  return goes(object) && hasFinalizer(object, finalizer);
}

function matches(ref: OwnerReference, identity: Identity): boolean {
  return ref.uid === identity.uid && ref.name === identity.name && ref.kind === identity.kind && ref.apiVersion === identity.apiVersion;
}

function sameOwners(a: readonly OwnerReference[], b: readonly OwnerReference[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  return a.every((x, i) => {
    const y = b[i];
    return (
      y !== undefined &&
      x.uid === y.uid &&
      x.name === y.name &&
      x.kind === y.kind &&
      x.apiVersion === y.apiVersion &&
      x.blockOwnerDeletion === y.blockOwnerDeletion
    );
  });
}

function sameIdentity(a: Identity, b: Identity): boolean {
  return a.uid === b.uid && a.name === b.name && a.namespace === b.namespace && a.kind === b.kind && a.apiVersion === b.apiVersion;
}

const text = (i: Identity): string => JSON.stringify([i.kind, i.apiVersion, i.namespace, i.name, i.uid]);

export class DependencyGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #effects: GraphEffects;

  constructor(effects: GraphEffects) {
    this.#effects = effects;
  }

  get size(): number {
    return this.#nodes.size;
  }

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  /** An object was added or changed; `old` is how the cache had it. */
  observe(identity: Identity, object: KubeObject, old: KubeObject | undefined): void {
    const owners = object.metadata?.ownerReferences ?? [];
    let node = this.#nodes.get(identity.uid);
    if (node === undefined) {
      if (owners.length === 0 && !waits(object, foregroundFinalizer) && !waits(object, orphanFinalizer)) return;
      node = this.#insert(identity, object);
      this.#addToOwners(node, owners);
    } else {
      if (node.virtual) node = this.#realize(node, identity);
      // Most changes are of a status: the references are others, and say the same.
      if (sameOwners(node.owners, owners)) node.owners = owners;
      else this.#changeOwners(node, owners);
      if (goes(object)) node.beingDeleted = true;
    }
    this.#transition(node, object, old);
    this.#drop(node);
  }

  #insert(identity: Identity, object: KubeObject): GraphNode {
    const node: GraphNode = {
      identity,
      dependents: new Set(),
      owners: object.metadata?.ownerReferences ?? [],
      deletingDependents: waits(object, foregroundFinalizer),
      beingDeleted: goes(object),
      virtual: false,
    };
    this.#nodes.set(identity.uid, node);
    return node;
  }

  /** A node that was known from references turns out to be real, perhaps under other coordinates than they claim. */
  #realize(node: GraphNode, identity: Identity): GraphNode {
    if (!sameIdentity(node.identity, identity)) {
      for (const dependent of this.#partition(node, identity).others) {
        if (identity.namespace !== "" && dependent.identity.namespace !== identity.namespace) this.#reportInvalid(dependent, identity.uid);
        this.#effects.attemptDelete(dependent.identity.uid);
      }
      node.identity = identity;
    }
    node.virtual = false;
    return node;
  }

  #addToOwners(node: GraphNode, owners: readonly OwnerReference[]): void {
    let doubtful = false;
    for (const ref of owners) {
      let owner = this.#nodes.get(ref.uid);
      if (owner === undefined) {
        const known = this.#effects.lookup(ref, node.identity.namespace);
        owner = known === undefined ? this.#virtual(ref, node.identity.namespace) : this.#insert(known.identity, known.object);
        if (known !== undefined) this.#addToOwners(owner, owner.owners);
      }
      owner.dependents.add(node);
      if (doubtful || !this.#isDoubtful(node, ref, owner)) continue;
      doubtful = true;
    }
    // The reference may be wrong: the object is looked at with fresh eyes.
    if (doubtful) this.#effects.attemptDelete(node.identity.uid);
  }

  #virtual(ref: OwnerReference, namespace: string): GraphNode {
    const { apiVersion, kind, name, uid } = ref;
    const node: GraphNode = {
      identity: { apiVersion, kind, namespace, name, uid },
      dependents: new Set(),
      owners: [],
      deletingDependents: false,
      beingDeleted: false,
      virtual: true,
    };
    this.#nodes.set(uid, node);
    this.#effects.attemptDelete(uid);
    return node;
  }

  #isDoubtful(node: GraphNode, ref: OwnerReference, owner: GraphNode): boolean {
    const namespaced = owner.identity.namespace !== "";
    if (namespaced && owner.identity.namespace !== node.identity.namespace) {
      if (!owner.virtual) this.#reportInvalid(node, ref.uid);
      return true;
    }
    if (!matches(ref, owner.identity)) return true;
    return !namespaced && node.identity.namespace !== "" && owner.virtual;
  }

  #reportInvalid(dependent: GraphNode, ownerUid: string): void {
    const ref = dependent.owners.find((o) => o.uid === ownerUid);
    if (ref !== undefined) this.#effects.invalidOwner(dependent.identity, ref);
  }

  #changeOwners(node: GraphNode, owners: readonly OwnerReference[]): void {
    const old = new Map(node.owners.map((o) => [o.uid, o]));
    const added: OwnerReference[] = [];
    for (const ref of owners) {
      const before = old.get(ref.uid);
      old.delete(ref.uid);
      if (before === undefined) added.push(ref);
      else if (before.blockOwnerDeletion === true && ref.blockOwnerDeletion !== true) this.#wake(ref.uid);
    }
    node.owners = owners;
    if (added.length > 0) this.#addToOwners(node, added);
    for (const ref of old.values()) {
      if (ref.blockOwnerDeletion === true) this.#wake(ref.uid);
      this.#detach(node, ref.uid);
    }
  }

  /** An owner may go on with its deletion: something does not block it any more. */
  #wake(uid: string): void {
    if (this.#nodes.has(uid)) this.#effects.attemptDelete(uid);
  }

  #detach(node: GraphNode, ownerUid: string): void {
    const owner = this.#nodes.get(ownerUid);
    if (owner === undefined) return;
    owner.dependents.delete(node);
    this.#drop(owner);
  }

  /** Takes a node out that says nothing any more; it comes back with its next dependent. */
  #drop(node: GraphNode): void {
    if (node.dependents.size === 0 && node.owners.length === 0 && !node.virtual && !node.beingDeleted)
      this.#nodes.delete(node.identity.uid);
  }

  #transition(node: GraphNode, object: KubeObject, old: KubeObject | undefined): void {
    const starts = (finalizer: string): boolean => waits(object, finalizer) && (old === undefined || !waits(old, finalizer));
    if (starts(orphanFinalizer)) {
      this.#effects.attemptOrphan(node.identity.uid);
      return;
    }
    if (!starts(foregroundFinalizer)) return;
    node.deletingDependents = true;
    for (const dependent of node.dependents) this.#effects.attemptDelete(dependent.identity.uid);
    this.#effects.attemptDelete(node.identity.uid);
  }

  /** The cache saw the object go. */
  removed(identity: Identity): void {
    const node = this.#nodes.get(identity.uid);
    if (node !== undefined) this.#remove(node, identity);
  }

  /** The server was asked and has no such object. It may still exist under other coordinates that other dependents name. */
  foundAbsent(identity: Identity): void {
    const node = this.#nodes.get(identity.uid);
    if (node === undefined) return;
    if (!node.virtual) {
      if (sameIdentity(node.identity, identity)) this.#remove(node, identity);
      else this.#disown(this.#partition(node, identity).matching, identity);
      return;
    }
    const { matching, others } = this.#partition(node, identity);
    if (others.length === 0) {
      this.#remove(node, identity);
      return;
    }
    this.#disown(matching, identity);
    const alternate = sameIdentity(node.identity, identity) ? alternateIdentity(others, identity) : undefined;
    if (alternate === undefined) return;
    node.identity = alternate;
    this.#effects.attemptDelete(alternate.uid);
  }

  #disown(dependents: readonly GraphNode[], identity: Identity): void {
    if (dependents.length === 0) return;
    this.#effects.absent(identity);
    for (const dependent of dependents) this.#effects.attemptDelete(dependent.identity.uid);
  }

  #remove(node: GraphNode, identity: Identity): void {
    this.#nodes.delete(node.identity.uid);
    for (const ref of node.owners) {
      const owner = this.#nodes.get(ref.uid);
      if (owner === undefined) continue;
      owner.dependents.delete(node);
      if (owner.deletingDependents) this.#effects.attemptDelete(ref.uid);
      this.#drop(owner);
    }
    if (node.dependents.size > 0) this.#effects.absent(identity);
    for (const dependent of node.dependents) this.#effects.attemptDelete(dependent.identity.uid);
  }

  /** Dependents whose reference means `identity`, and those whose reference to its uid means something else. */
  #partition(node: GraphNode, identity: Identity): { matching: GraphNode[]; others: GraphNode[] } {
    const matching: GraphNode[] = [];
    const others: GraphNode[] = [];
    for (const dependent of node.dependents) {
      if (identity.namespace !== "" && identity.namespace !== dependent.identity.namespace) {
        others.push(dependent);
        continue;
      }
      const refs = dependent.owners.filter((o) => o.uid === identity.uid);
      if (refs.some((o) => matches(o, identity))) matching.push(dependent);
      if (refs.some((o) => !matches(o, identity))) others.push(dependent);
    }
    return { matching, others };
  }
}

/** The next of the other coordinates that dependents give for a uid, after `absent` in a fixed order, so that all get their turn. */
function alternateIdentity(dependents: readonly GraphNode[], absent: Identity): Identity | undefined {
  const candidates = new Map<string, Identity>();
  for (const dependent of dependents) {
    for (const { apiVersion, kind, name, uid } of dependent.owners) {
      if (uid !== absent.uid) continue;
      const clusterScoped = absent.namespace === "" && apiVersion === absent.apiVersion && kind === absent.kind;
      const identity: Identity = { apiVersion, kind, name, uid, namespace: clusterScoped ? "" : dependent.identity.namespace };
      if (!sameIdentity(identity, absent)) candidates.set(text(identity), identity);
    }
  }
  const keys = [...candidates.keys()].sort();
  const next = keys.find((k) => k > text(absent)) ?? keys[0];
  return next === undefined ? undefined : candidates.get(next);
}
