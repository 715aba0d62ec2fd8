import { ApiError } from "../client/api-error.ts";
import type { KubeClient } from "../client/client.ts";
import { type Clock, sleep } from "../clock.ts";
import type { ObjectReference } from "../resource.ts";
import { heldLease, type Lease, leases, releasedLease } from "./lease-record.ts";

export interface LeaseOptions {
  /** Without a `mayWrite` of its own: who does not lead must be able to ask for the lease. */
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly lease: Required<ObjectReference>;
  /** Unique among processes that run at the same time. A pod's name is good, and lets its next container go on at once. */
  readonly identity: string;
  /** How long others wait after a renewal before they take over. Default 15 s. */
  readonly durationMs?: number;
  /** How long after its last renewal this process still writes. Default two thirds of the duration. */
  readonly writeMs?: number;
  /** Pause between attempts. Default 2/15 of the duration. */
  readonly retryMs?: number;
  /** A failed attempt; it will be repeated. */
  readonly onError?: (error: unknown) => void;
}

/** The lease is lost. The process should end: what it knows may be old, and another one leads. */
export class LeaseLostError extends Error {
  constructor(why: string) {
    super(`This process no longer holds the lease: ${why}.`);
    this.name = "LeaseLostError";
  }
}

/**
 * Leader election on a `coordination.k8s.io/v1` Lease.
 *
 * All times are intervals of the own monotonic clock; wall times in the Lease are only for people. A candidate waits until the
 * Lease has not changed before its own eyes for the duration that the holder wrote. The holder counts from the moment
 * before it *sent* its renewal, so its view of the expiry is always the earlier one; after a jump in time (a stopped process, a
 * sleeping machine) `mayWrite` is false before any timer has run. Modelled on client-go's leaderelection.
 */
export class LeaderElector {
  readonly #options: LeaseOptions;
  readonly #durationMs: number;
  readonly #writeMs: number;
  readonly #retryMs: number;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #held: Lease | null = null;
  #seenVersion = "";
  #seenAt = 0;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#durationMs = options.durationMs ?? 15_000;
    this.#writeMs = options.writeMs ?? (this.#durationMs * 2) / 3;
    this.#retryMs = options.retryMs ?? (this.#durationMs * 2) / 15;
  }

  /** Whether a write may be started now. The gap between `writeMs` and the duration is for those that are under way. */
  mayWrite(): boolean {
    return this.#held !== null && this.#options.clock.now() < this.#renewedAt + this.#writeMs;
  }

  /** Resolves with true when this process leads, with false when `signal` aborted before. Never rejects. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (await this.#try(signal)) return true;
      await this.#pause(signal);
    }
    return false;
  }

  /** Renews until `signal` aborts. @throws {LeaseLostError} */
  async hold(signal: AbortSignal): Promise<void> {
    await this.#pause(signal);
    while (!signal.aborted) {
      // Looked at before the attempt too: after a jump in time renewing would revive what others may have taken.
      if (!this.mayWrite()) throw this.#lose("it could not be renewed in time");
      await this.#try(signal);
      if (this.#held === null) throw this.#lose("another process took it");
      await this.#pause(signal);
    }
  }

  /** Lets others take the lease at once. Call it when nothing writes any more. Never rejects. */
  async release(): Promise<void> {
    const held = this.#held;
    const stillOurs = this.mayWrite();
    this.#held = null;
    if (held === null || !stillOurs) return;
    try {
      await this.#giveUp(held);
    } catch (error) {
      this.#options.onError?.(error);
    }
  }

  /** A renewal that was cut off may have been stored all the same; then the lease is a later one than is known here, and still ours. */
  async #giveUp(held: Lease): Promise<void> {
    const { client, clock, identity, lease } = this.#options;
    try {
      await client.replace(leases, releasedLease(held, clock.wallTime()));
    } catch (error) {
      const conflict = error instanceof ApiError && error.conflict;
      const found = conflict ? await client.find(leases, lease, { deadlineMs: 5_000 }) : null;
      if (found === null || found.spec?.holderIdentity !== identity) throw error;
      await client.replace(leases, releasedLease(found, clock.wallTime()));
    }
  }

  async #try(signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#tryOnce({ signal, deadlineMs: Math.min(5_000, this.#writeMs / 2) });
    } catch (error) {
      if (!signal.aborted) this.#options.onError?.(error);
      return false;
    }
  }

  async #tryOnce(request: { signal: AbortSignal; deadlineMs: number }): Promise<boolean> {
    const { client, clock, identity, lease } = this.#options;
    const found = await client.find(leases, lease, request);
    if (found !== null && !this.#mayTake(found)) {
      this.#held = null;
      return false;
    }
    const hold = { identity, durationSeconds: Math.ceil(this.#durationMs / 1_000), wallTime: clock.wallTime() };
    const wanted = heldLease(found?.metadata ?? lease, found?.spec, hold);
    const sentAt = clock.now();
    this.#held =
      found === null ? await client.create(leases, wanted, request) : await client.replace(leases, wanted, request);
    this.#renewedAt = sentAt;
    return true;
  }

  #mayTake(found: Lease): boolean {
    const { clock, identity } = this.#options;
    const holder = found.spec?.holderIdentity ?? "";
    if (holder === "" || holder === identity) return true;
    const version = `${found.metadata.uid} ${found.metadata.resourceVersion}`;
    if (version !== this.#seenVersion) {
      this.#seenVersion = version;
      this.#seenAt = clock.now();
    }
    const durationMs = (found.spec?.leaseDurationSeconds ?? this.#durationMs / 1_000) * 1_000;
    return clock.now() >= this.#seenAt + durationMs;
  }

  #pause(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    return sleep(clock, this.#retryMs * (0.8 + 0.4 * random()), signal);
  }

  #lose(why: string): LeaseLostError {
    this.#held = null;
    return new LeaseLostError(why);
  }
}
