import { type KubernetesObject, type ObjectReference, pathOf, type Resource } from "../resource.ts";
import { ApiError } from "./api-error.ts";
import { readAtMost, readLines } from "./body.ts";
import { type Call, type ClientOptions, describe, Requester } from "./requester.ts";
import { asList, definedParts, logCall, parseEvent, selectQuery, withType } from "./wire.ts";

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly deadlineMs?: number;
}

export interface SelectOptions extends RequestOptions {
  /** All namespaces when absent. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListOptions<T> extends SelectOptions {
  /** Objects per request; default 500. */
  readonly pageSize?: number;
  /** Applied to each object of a page before the next page is asked for, so that big fields never add up. */
  readonly transform?: (object: T) => T;
}

export interface ObjectList<T> {
  readonly items: T[];
  readonly resourceVersion: string;
}

export interface WatchOptions extends SelectOptions {
  readonly resourceVersion: string;
  /** The server ends the watch then. */
  readonly timeoutSeconds: number;
  /** Ends with `WatchQuiet` when not a byte came for so long. */
  readonly quietMs: number;
}

export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: T;
}

export interface PatchOptions extends RequestOptions {
  /** `status`, `scale`; default: the object itself. */
  readonly subresource?: string | undefined;
}

export interface ApplyOptions extends PatchOptions {
  readonly fieldManager: string;
  /** Takes fields over that others own. Default true: a controller is the authority on what it declares. */
  readonly force?: boolean;
}

export interface DeleteOptions extends RequestOptions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  /** Default `Background`. */
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  readonly gracePeriodSeconds?: number;
}

export interface LogOptions extends RequestOptions {
  readonly container?: string;
  readonly tailLines?: number;
  readonly previous?: boolean;
  readonly follow?: boolean;
  /** Asked of the server and enforced here. */
  readonly limitBytes: number;
}

/** What a write sends: the object without what the API server owns. `apiVersion` and `kind` are filled in. */
export type Manifest<T extends KubernetesObject = KubernetesObject> = Omit<Partial<T>, "metadata"> &
  Pick<KubernetesObject, "metadata">;

const longestEvent = 8 * 2 ** 20;

/** A typed REST client of the Kubernetes API. Every method throws `ApiError`. */
export class KubeClient {
  readonly #requester: Requester;

  constructor(options: ClientOptions) {
    this.#requester = new Requester(options);
  }

  async get<T extends KubernetesObject>(
    resource: Resource<T>,
    reference: ObjectReference,
    options: RequestOptions = {},
  ): Promise<T> {
    const call = this.#call("get", resource, { reference, options });
    return withType(resource, await this.#requester.json(call)) as T;
  }

  /** As `get`; null where there is none. */
  async find<T extends KubernetesObject>(
    resource: Resource<T>,
    reference: ObjectReference,
    options: RequestOptions = {},
  ): Promise<T | null> {
    try {
      return await this.get(resource, reference, options);
    } catch (error) {
      if (error instanceof ApiError && error.notFound) return null;
      throw error;
    }
  }

  /** All objects, page by page, and the resourceVersion from which a watch goes on. */
  async list<T extends KubernetesObject>(resource: Resource<T>, options: ListOptions<T> = {}): Promise<ObjectList<T>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#allPages(resource, options);
      } catch (error) {
        // The continue token outlived the history that etcd keeps: the pages so far belong to a past that is gone.
        if (!(error instanceof ApiError && error.gone) || attempt === 3) throw error;
      }
    }
  }

  async #allPages<T extends KubernetesObject>(resource: Resource<T>, options: ListOptions<T>): Promise<ObjectList<T>> {
    const items: T[] = [];
    let token: string | undefined;
    for (;;) {
      const query = { ...selectQuery(options), limit: options.pageSize ?? 500, continue: token };
      const longer = { deadlineMs: 3 * this.#requester.deadlineMs, ...options };
      const page = asList(await this.#requester.json(this.#call("list", resource, { options: longer, query })));
      for (const item of page.items ?? []) {
        const object = withType(resource, item) as T;
        items.push(options.transform?.(object) ?? object);
      }
      token = page.metadata.continue;
      if (token === undefined || token === "") return { items, resourceVersion: page.metadata.resourceVersion };
    }
  }

  /**
   * Events from just after `resourceVersion`. Ends without an error when the server ends it; throws `WatchQuiet` when
   * nothing came for `quietMs`, and the server's own error (410 among them) when an ERROR event comes.
   */
  async *watch<T extends KubernetesObject>(
    resource: Resource<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>, void> {
    const { resourceVersion, timeoutSeconds, quietMs } = options;
    const query = { ...selectQuery(options), watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds };
    const call = this.#call("watch", resource, { options, query });
    for await (const line of readLines(this.#requester.stream(call, quietMs), longestEvent)) {
      yield parseEvent(resource, describe(call), line);
    }
  }

  /**
   * Server-side apply: creates the object or takes the named fields over. To forbid the creation put `metadata.uid` into
   * the manifest; to insist on a version `metadata.resourceVersion`.
   */
  async apply<T extends KubernetesObject>(
    resource: Resource<T>,
    manifest: Manifest<T>,
    options: ApplyOptions,
  ): Promise<T> {
    const call = this.#call("apply", resource, {
      reference: manifest.metadata,
      options,
      method: "PATCH",
      contentType: "application/apply-patch+yaml",
      query: { fieldManager: options.fieldManager, force: options.force ?? true },
      // JSON is YAML, and needs no library.
      body: withType(resource, manifest),
    });
    return (await this.#requester.json(call)) as T;
  }

  async mergePatch<T extends KubernetesObject>(
    resource: Resource<T>,
    reference: ObjectReference,
    patch: unknown,
    options: PatchOptions = {},
  ): Promise<T> {
    const contentType = "application/merge-patch+json";
    const call = this.#call("patch", resource, { reference, options, method: "PATCH", contentType, body: patch });
    return (await this.#requester.json(call)) as T;
  }

  async create<T extends KubernetesObject>(
    resource: Resource<T>,
    manifest: Manifest<T>,
    options: RequestOptions = {},
  ): Promise<T> {
    const { namespace } = manifest.metadata;
    const body = withType(resource, manifest);
    const call = this.#call("create", resource, { options: { ...options, namespace }, method: "POST", body });
    return (await this.#requester.json(call)) as T;
  }

  /** PUT: the whole object, refused with 409 unless `metadata.resourceVersion` is the current one. */
  async replace<T extends KubernetesObject>(
    resource: Resource<T>,
    object: Manifest<T>,
    options: RequestOptions = {},
  ): Promise<T> {
    const body = withType(resource, object);
    const call = this.#call("update", resource, { reference: object.metadata, options, method: "PUT", body });
    return (await this.#requester.json(call)) as T;
  }

  /**
   * Asks for the deletion; finalizers may delay it. False when there was nothing of that name.
   * @throws {ApiError} `conflict` when the object is not the one of the preconditions.
   */
  async delete<T extends KubernetesObject>(
    resource: Resource<T>,
    reference: ObjectReference,
    options: DeleteOptions = {},
  ): Promise<boolean> {
    const { uid, resourceVersion, propagationPolicy = "Background", gracePeriodSeconds } = options;
    const body = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      propagationPolicy,
      preconditions: { uid, resourceVersion },
      gracePeriodSeconds,
    };
    try {
      await this.#requester.json(this.#call("delete", resource, { reference, options, method: "DELETE", body }));
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.notFound) return false;
      throw error;
    }
  }

  /** At most `limitBytes` from the start of what `tailLines` selects, decoded as UTF-8. */
  async podLog(reference: ObjectReference, options: LogOptions): Promise<string> {
    return await this.#requester.withAnswer(logCall(reference, options), async (answer) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of readAtMost(answer.body, options.limitBytes)) chunks.push(chunk);
      return Buffer.concat(chunks).toString("utf8");
    });
  }

  /** The lines of a log as they come; ends after `limitBytes`, or with `WatchQuiet` when none came for `quietMs`. */
  async *followPodLog(
    reference: ObjectReference,
    options: LogOptions & { readonly quietMs: number },
  ): AsyncGenerator<string, void> {
    const { quietMs, limitBytes } = options;
    const bytes = this.#requester.stream(logCall(reference, { follow: true, ...options }), quietMs);
    yield* readLines(readAtMost(bytes, limitBytes), limitBytes);
  }

  #call(verb: Call["verb"], resource: Resource, parts: CallParts): Call {
    const { reference, options, query, method = "GET", contentType, body } = parts;
    const place = reference ?? { namespace: options.namespace };
    return {
      verb,
      resource: resource.plural,
      method,
      path: pathOf(resource, definedParts({ ...place, subresource: options.subresource })),
      signal: options.signal,
      ...(query === undefined ? {} : { query }),
      ...(contentType === undefined ? {} : { contentType }),
      ...(body === undefined ? {} : { body }),
      ...(options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs }),
    };
  }
}

interface CallParts {
  readonly reference?: ObjectReference;
  readonly options: RequestOptions & {
    readonly namespace?: string | undefined;
    readonly subresource?: string | undefined;
  };
  readonly query?: NonNullable<Call["query"]>;
  readonly method?: Call["method"];
  readonly contentType?: string;
  readonly body?: unknown;
}
