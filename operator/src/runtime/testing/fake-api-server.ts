import { Readable } from "node:stream";
import type { Transport, TransportRequest, TransportResponse } from "../client/transport.ts";
import { type KubernetesObject, keyOfObject } from "../resource.ts";
import type { VirtualClock } from "./virtual-clock.ts";

type EventType = "ADDED" | "MODIFIED" | "DELETED";

interface LoggedEvent {
  readonly collection: string;
  readonly type: EventType;
  readonly object: KubernetesObject;
  readonly revision: number;
}

interface Watcher {
  readonly collection: string;
  readonly stream: Readable;
}

interface Target {
  readonly collection: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly query: URLSearchParams;
}

export interface SeenRequest {
  readonly at: number;
  readonly method: string;
  readonly path: string;
}

/**
 * The part of an API server that the runtime talks to, in memory and on virtual time, with faults. Where no fault is
 * played, the behaviour was checked against a real kube-apiserver by the integration test.
 */
export class FakeApiServer implements Transport {
  readonly requests: SeenRequest[] = [];
  /** Refuses connections. */
  down = false;
  /** Watches stay open and silent, as behind a dead network device. */
  silent = false;
  /** Answers instead of the server when it returns something. */
  intercept: (request: TransportRequest) => TransportResponse | undefined | Promise<TransportResponse | undefined> =
    () => undefined;
  /** True loses the event on its way to the watchers. */
  loses: (event: LoggedEvent) => boolean = () => false;
  readonly #clock: VirtualClock;
  readonly #objects = new Map<string, Map<string, KubernetesObject>>();
  readonly #log: LoggedEvent[] = [];
  #watchers: Watcher[] = [];
  #revision = 10;
  #compacted = 0;
  #uids = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** Requests that change something. */
  get writes(): SeenRequest[] {
    return this.requests.filter(({ method }) => method !== "GET");
  }

  /** Creates or changes an object, as another client would. `collection`: `pods`, `leases`. */
  put(collection: string, object: KubernetesObject): KubernetesObject {
    const objects = this.#collection(collection);
    const before = objects.get(keyOfObject(object));
    const revision = ++this.#revision;
    const uid = before?.metadata.uid ?? `uid-${++this.#uids}`;
    const metadata = { ...object.metadata, uid, resourceVersion: String(revision), managedFields: [{ manager: "x" }] };
    const stored = { ...object, metadata };
    objects.set(keyOfObject(object), stored);
    this.#happened({ collection, type: before === undefined ? "ADDED" : "MODIFIED", object: stored, revision });
    return stored;
  }

  remove(collection: string, key: string): void {
    const object = this.#collection(collection).get(key);
    if (object === undefined) return;
    this.#collection(collection).delete(key);
    const revision = ++this.#revision;
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
    this.#happened({ collection, type: "DELETED", object: last, revision });
  }

  get(collection: string, key: string): KubernetesObject | undefined {
    return this.#collection(collection).get(key);
  }

  /** Forgets the history: a watch from an older version is answered with 410. */
  compact(): void {
    this.#compacted = this.#revision;
  }

  /** Ends all watches: in order, or as by a broken connection. */
  endWatches(broken = false): void {
    for (const { stream } of this.#watchers.splice(0)) {
      if (broken) stream.destroy(new Error("socket hang up"));
      else stream.push(null);
    }
  }

  bookmark(): void {
    const object = { metadata: { resourceVersion: String(this.#revision) } };
    for (const { stream } of this.#watchers) this.#push(stream, "BOOKMARK", object);
  }

  async close(): Promise<void> {}

  async send(request: TransportRequest): Promise<TransportResponse> {
    request.signal.throwIfAborted();
    request.beforeSend?.();
    this.requests.push({ at: this.#clock.now(), method: request.method, path: request.path });
    if (this.down) throw new Error("connect ECONNREFUSED");
    const intercepted = await this.intercept(request);
    if (intercepted !== undefined) return intercepted;
    const target = targetOf(request.path);
    if (target.query.get("watch") === "true") return this.#watch(target, request.signal);
    if (request.method === "GET") return target.name === undefined ? this.#list(target) : this.#get(target);
    return this.#write(request, target);
  }

  #list({ collection, namespace }: Target): TransportResponse {
    const items = [...this.#collection(collection).values()];
    const selected = items.filter((item) => namespace === undefined || item.metadata.namespace === namespace);
    return answer(200, { metadata: { resourceVersion: String(this.#revision) }, items: selected });
  }

  #get(target: Target): TransportResponse {
    const object = this.#collection(target.collection).get(keyOfTarget(target));
    return object === undefined ? refusal(404, "NotFound") : answer(200, object);
  }

  #watch({ collection, query }: Target, signal: AbortSignal): TransportResponse {
    const from = Number(query.get("resourceVersion"));
    if (from < this.#compacted) {
      const status = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };
      return {
        status: 200,
        body: Readable.from([Buffer.from(`${JSON.stringify({ type: "ERROR", object: status })}\n`)]),
      };
    }
    const stream = new Readable({ read: () => {} });
    const watcher = { collection, stream };
    this.#watchers.push(watcher);
    const end = () => {
      this.#watchers = this.#watchers.filter((other) => other !== watcher);
    };
    const cancel = this.#clock.after(Number(query.get("timeoutSeconds")) * 1_000, () => stream.push(null));
    stream.on("close", () => {
      cancel();
      end();
    });
    signal.addEventListener("abort", () => stream.destroy(signal.reason), { once: true });
    for (const event of this.#log) if (event.revision > from) this.#tell(watcher, event);
    return { status: 200, body: stream };
  }

  #write(request: TransportRequest, target: Target): TransportResponse {
    const { collection } = target;
    const sent = (request.body === undefined ? {} : JSON.parse(request.body)) as KubernetesObject;
    if (request.method === "POST") return this.#create(collection, sent);
    const key = keyOfTarget(target);
    const before = this.#collection(collection).get(key);
    if (request.method === "DELETE") {
      if (before === undefined) return refusal(404, "NotFound");
      this.remove(collection, key);
      return answer(200, { kind: "Status", status: "Success" });
    }
    const applies = request.headers["content-type"]?.includes("apply-patch") ?? false;
    if (before === undefined && !applies) return refusal(404, "NotFound");
    const wanted = request.method === "PUT" ? sent.metadata.resourceVersion : undefined;
    if (wanted !== undefined && wanted !== before?.metadata.resourceVersion) return refusal(409, "Conflict");
    const merged = request.method === "PUT" ? sent : merge(before ?? {}, sent);
    // As the real one: a write that changes nothing makes no new version and no event.
    if (before !== undefined && JSON.stringify(merged) === JSON.stringify(before)) return answer(200, before);
    return answer(200, this.put(collection, merged as KubernetesObject));
  }

  #create(collection: string, sent: KubernetesObject): TransportResponse {
    if (this.#collection(collection).has(keyOfObject(sent))) return refusal(409, "AlreadyExists");
    return answer(201, this.put(collection, sent));
  }

  #happened(event: LoggedEvent): void {
    this.#log.push(event);
    for (const watcher of this.#watchers) this.#tell(watcher, event);
  }

  #tell({ collection, stream }: Watcher, event: LoggedEvent): void {
    if (this.silent || event.collection !== collection || this.loses(event)) return;
    this.#push(stream, event.type, event.object);
  }

  #push(stream: Readable, type: string, object: unknown): void {
    stream.push(`${JSON.stringify({ type, object })}\n`);
  }

  #collection(name: string): Map<string, KubernetesObject> {
    const objects = this.#objects.get(name) ?? new Map<string, KubernetesObject>();
    this.#objects.set(name, objects);
    return objects;
  }
}

/** An answer with a JSON body. */
export function answer(status: number, body: unknown, retryAfter?: string): TransportResponse {
  const bytes = Readable.from([Buffer.from(JSON.stringify(body))]);
  return { status, body: bytes, ...(retryAfter === undefined ? {} : { retryAfter }) };
}

/** A `metav1.Status` of failure. */
export function refusal(status: number, reason: string, retryAfter?: string): TransportResponse {
  return answer(status, { kind: "Status", code: status, reason, message: `fault: ${reason}` }, retryAfter);
}

function targetOf(path: string): Target {
  const url = new URL(path, "http://fake");
  const [, root, ...rest] = url.pathname.split("/");
  const parts = rest.slice(root === "api" ? 1 : 2);
  const namespace = parts[0] === "namespaces" && parts.length > 2 ? parts[1] : undefined;
  const [collection = "", name] = namespace === undefined ? parts : parts.slice(2);
  return {
    collection,
    query: url.searchParams,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  };
}

function keyOfTarget({ namespace, name }: Target): string {
  return namespace === undefined ? String(name) : `${namespace}/${name}`;
}

function merge(before: unknown, sent: unknown): unknown {
  if (!isPlain(before) || !isPlain(sent)) return sent;
  const merged = { ...before };
  for (const [name, value] of Object.entries(sent)) merged[name] = merge(before[name], value);
  return merged;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
