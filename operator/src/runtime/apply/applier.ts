import type { Cache } from "../cache/store.ts";
import type { KubeClient, Manifest } from "../client/client.ts";
import { type KubernetesObject, keyOfObject } from "../resource.ts";
import { digestOf, projectOn } from "./canonical.ts";

export interface ApplierOptions {
  readonly client: KubeClient;
  readonly fieldManager: string;
  /** Remembered applies; beyond it the oldest is forgotten, which costs one request when it comes again. */
  readonly memory?: number;
}

export interface ApplyRequest {
  /** `status` for the status subresource. */
  readonly subresource?: string;
  readonly signal?: AbortSignal;
}

export interface Applied<T> {
  readonly object: T;
  /** False when nothing was sent, because nothing would have changed. */
  readonly written: boolean;
}

interface Remembered {
  readonly uid: string | undefined;
  readonly desired: string;
  readonly result: string;
}

/**
 * Server-side apply that sends nothing when nothing would change.
 *
 * An apply is skipped only when all of these hold: this process applied exactly this manifest before; the object in the
 * cache is the one that it was applied to (UID); and every field that the manifest speaks of still has, in the cache, the
 * value that the API server answered with then. Comparing with the *answer* and not with the manifest makes defaulted
 * and normalised values (`1000m` and `1`) equal.
 *
 * Why that is safe: each way to be wrong costs a request, not a missed repair. A cache that is behind shows an older value,
 * so the apply is sent; drift that it has not seen yet is seen when its event comes, which calls the reconcile again; a
 * field dropped from the manifest changes the manifest. What is not seen is a manager that took a field over without
 * changing its value, and drift in fields that the cache's `trim` drops.
 */
export class Applier {
  readonly #client: KubeClient;
  readonly #fieldManager: string;
  readonly #memory: number;
  readonly #remembered = new Map<string, Remembered>();

  constructor(options: ApplierOptions) {
    this.#client = options.client;
    this.#fieldManager = options.fieldManager;
    this.#memory = options.memory ?? 20_000;
  }

  /** @throws {ApiError} as `KubeClient.apply` */
  async apply<T extends KubernetesObject>(
    cache: Cache<T>,
    manifest: Manifest<T>,
    request: ApplyRequest = {},
  ): Promise<Applied<T>> {
    const { resource } = cache;
    const key = keyOfObject(manifest);
    const id = `${resource.group}/${resource.plural}/${request.subresource ?? ""} ${key}`;
    const desired = digestOf(manifest);
    const live = cache.get(key);
    if (live !== undefined && this.#stands(id, manifest, desired, live)) return { object: live, written: false };
    this.#remembered.delete(id);
    const options = { ...request, fieldManager: this.#fieldManager };
    const answer = await this.#client.apply(resource, manifest, options);
    const object = cache.trim(answer);
    cache.offer(answer);
    this.#remember(id, { uid: object.metadata.uid, desired, result: digestOf(projectOn(manifest, object)) });
    return { object, written: true };
  }

  #stands(id: string, manifest: Manifest, desired: string, live: KubernetesObject): boolean {
    const before = this.#remembered.get(id);
    if (before?.desired !== desired || before.uid !== live.metadata.uid) return false;
    return before.result === digestOf(projectOn(manifest, live));
  }

  #remember(id: string, applied: Remembered): void {
    this.#remembered.set(id, applied);
    if (this.#remembered.size <= this.#memory) return;
    const [oldest] = this.#remembered.keys();
    if (oldest !== undefined) this.#remembered.delete(oldest);
  }
}
