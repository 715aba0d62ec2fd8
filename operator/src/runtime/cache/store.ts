import { type KubernetesObject, keyOfObject, type Resource } from "../resource.ts";
import { compareResourceVersions, isNewer, isOlder } from "./resource-version.ts";
import { type IndexFunction, StoreIndex } from "./store-index.ts";

/** What happened to an object. A recreation under the same name is a `Deleted` of the old UID, then an `Added`. */
export type Change<T> =
  | { readonly type: "Added"; readonly object: T; readonly previous?: undefined }
  | { readonly type: "Modified"; readonly object: T; readonly previous: T }
  | { readonly type: "Deleted"; readonly object: T; readonly previous?: undefined };

/** What a controller may do with a cache. Objects are frozen: copy before changing. */
export interface ReadCache<T extends KubernetesObject> {
  /** True from the first complete list on. */
  readonly synced: boolean;
  /** `key` as by `keyOf`. */
  get(key: string): T | undefined;
  list(namespace?: string): T[];
  /** Objects with an owner reference to that UID. */
  byOwner(uid: string): T[];
  /** Objects that a declared index has under `value`. */
  byIndex(name: string, value: string): T[];
  /** Calls `handler` on each change from now on, and with `Added` for what is there. Returns the unsubscription. */
  subscribe(handler: (change: Change<T>) => void): () => void;
}

/** A cache together with what a writer needs of it. */
export interface Cache<T extends KubernetesObject> extends ReadCache<T> {
  readonly resource: Resource<T>;
  /** An object as this cache would keep it. */
  trim(object: T): T;
  /** Takes the result of our own write, so that the next reconcile reads it. False when it was not taken. */
  offer(written: T): boolean;
}

export interface StoreOptions<T extends KubernetesObject> {
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  /** Drops fields that no reader needs, before anything is kept; `managedFields` always go. Must keep `metadata`. */
  readonly trim?: (object: T) => T;
  /** Whether an object that we wrote belongs here; the reflector asks the API server by selectors instead. */
  readonly selects?: (object: T) => boolean;
  readonly onHandlerError?: (error: unknown, change: Change<T>) => void;
}

const ownerIndex = "ownerUid";

/** The objects of one resource as last seen. Fed by one reflector, and by results of our own writes. */
export class Store<T extends KubernetesObject> implements Cache<T> {
  readonly resource: Resource<T>;
  readonly #options: StoreOptions<T>;
  readonly #objects = new Map<string, T>();
  readonly #index: StoreIndex<T>;
  readonly #handlers = new Set<(change: Change<T>) => void>();
  /** The resourceVersion up to which list and watch have told everything; empty before the first list. */
  #seenVersion = "";

  constructor(resource: Resource<T>, options: StoreOptions<T> = {}) {
    this.resource = resource;
    this.#options = options;
    this.#index = new StoreIndex({ ...options.indexes, [ownerIndex]: ownerUids });
  }

  get synced(): boolean {
    return this.#seenVersion !== "";
  }

  get size(): number {
    return this.#objects.size;
  }

  get seenVersion(): string {
    return this.#seenVersion;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(namespace?: string): T[] {
    const all = [...this.#objects.values()];
    return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace);
  }

  byOwner(uid: string): T[] {
    return this.byIndex(ownerIndex, uid);
  }

  byIndex(name: string, value: string): T[] {
    return Array.from(this.#index.keys(name, value), (key) => this.#objects.get(key)).filter(
      (object) => object !== undefined,
    );
  }

  subscribe(handler: (change: Change<T>) => void): () => void {
    this.#handlers.add(handler);
    for (const object of this.#objects.values()) this.#call(handler, { type: "Added", object });
    return () => this.#handlers.delete(handler);
  }

  /** The object as this store would keep it: trimmed. */
  trim(object: T): T {
    const { managedFields: _, ...metadata } = object.metadata;
    const light = { ...object, metadata };
    return this.#options.trim?.(light) ?? light;
  }

  /**
   * Takes a complete list and tells the differences. False when the list is older than what was seen already: then
   * nothing changes, unless `evenIfOlder` (the history itself went back: etcd was restored from a backup).
   */
  replace(items: readonly T[], resourceVersion: string, evenIfOlder = false): boolean {
    const wentBack = isOlder(resourceVersion, this.#seenVersion);
    if (wentBack && !evenIfOlder) return false;
    const listed = new Map(items.map((item) => [keyOfObject(item), item]));
    for (const [key, object] of [...this.#objects]) {
      // Our own write may be newer than the list: then its absence says nothing.
      const writtenAfter = !wentBack && isNewer(versionOf(object), resourceVersion);
      if (!listed.has(key) && !writtenAfter) this.#remove(key);
    }
    for (const [key, object] of listed) this.#put(key, object, wentBack);
    this.#seenVersion = resourceVersion;
    return true;
  }

  /** Takes a watch event. */
  observe(type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK", object: T): void {
    this.#seenVersion = versionOf(object);
    if (type === "BOOKMARK") return;
    const key = keyOfObject(object);
    if (type !== "DELETED") this.#put(key, object, false);
    else if (this.#isSameOrOlder(key, object)) this.#remove(key);
  }

  /**
   * Takes the result of our own write, so that the next reconcile reads it. It is kept only when that can be shown to be
   * right: newer than the object here, or, where there is none, newer than all that the watch has told. (An older one may
   * have been deleted since.) In doubt it is dropped; the watch will bring it.
   */
  offer(written: T): boolean {
    const key = keyOfObject(written);
    const known = this.#objects.get(key);
    const newerThan = known === undefined ? this.#seenVersion : versionOf(known);
    if (!this.synced || !isNewer(versionOf(written), newerThan)) return false;
    if (this.#options.selects?.(written) === false) return false;
    this.#put(key, this.trim(written), false);
    return true;
  }

  /** A deletion ends the object that we know, unless ours is a newer one of the same name. */
  #isSameOrOlder(key: string, deleted: T): boolean {
    const known = this.#objects.get(key);
    if (known === undefined) return false;
    return known.metadata.uid === deleted.metadata.uid || !isNewer(versionOf(known), versionOf(deleted));
  }

  #put(key: string, object: T, evenIfOlder: boolean): void {
    const previous = this.#objects.get(key);
    if (previous !== undefined) {
      const order = compareResourceVersions(versionOf(object), versionOf(previous));
      if (order === 0 || (order !== null && order < 0 && !evenIfOlder)) return;
    }
    if (previous?.metadata.uid === object.metadata.uid && previous !== undefined) {
      this.#index.remove(key, previous);
      this.#set(key, object, { type: "Modified", object, previous });
      return;
    }
    this.#remove(key);
    this.#set(key, object, { type: "Added", object });
  }

  #set(key: string, object: T, change: Change<T>): void {
    this.#objects.set(key, deepFreeze(object));
    this.#index.add(key, object);
    this.#tell(change);
  }

  #remove(key: string): void {
    const object = this.#objects.get(key);
    if (object === undefined) return;
    this.#objects.delete(key);
    this.#index.remove(key, object);
    this.#tell({ type: "Deleted", object });
  }

  #tell(change: Change<T>): void {
    for (const handler of this.#handlers) this.#call(handler, change);
  }

  #call(handler: (change: Change<T>) => void, change: Change<T>): void {
    try {
      handler(change);
    } catch (error) {
      this.#options.onHandlerError?.(error, change);
    }
  }
}

function ownerUids(object: KubernetesObject): readonly string[] {
  return object.metadata.ownerReferences?.map((owner) => owner.uid) ?? [];
}

function versionOf(object: KubernetesObject): string {
  return object.metadata.resourceVersion ?? "";
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
