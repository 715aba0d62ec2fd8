import type { EngineStatus, PinningState } from "@sweetspot/crds";
import { type EngineAnswer, EngineFailure, type EnginePool, type EngineSettings } from "../engine/engine.ts";
import type { Tensor } from "../tensor.ts";
import { openTransport, upstreamDigest } from "./describe-upstream.ts";
import type { Transport } from "./transport.ts";

/** What tests replace. */
export interface UpstreamPoolOptions {
  readonly readyEveryMilliseconds: number;
  readonly lostEveryMilliseconds: number;
}

const defaults: UpstreamPoolOptions = { readyEveryMilliseconds: 2000, lostEveryMilliseconds: 250 };
const callMilliseconds = 10_000;
const defaultGraceMilliseconds = 5000;
const longestVersion = 128;

/**
 * Another server as the engine: `layout.instances` batches are in its hands at once. Rejects with `EngineFailure` where it does
 * not answer or has no such model.
 */
export async function startUpstreamPool(
  settings: EngineSettings,
  options: UpstreamPoolOptions = defaults,
): Promise<EnginePool> {
  const transport = await openTransport(settings.file, settings.options);
  try {
    const { name, version } = await transport.server(callMilliseconds);
    const digest = upstreamDigest(await transport.model(callMilliseconds));
    const label = `${name} ${version}`.trim().slice(0, longestVersion);
    return new UpstreamPool(transport, settings.layout.instances, { label, digest }, options);
  } catch (error) {
    transport.close();
    throw error;
  }
}

class UpstreamPool implements EnginePool {
  readonly instances: number;
  readonly #transport: Transport;
  readonly #label: string;
  readonly #digest: string;
  readonly #options: UpstreamPoolOptions;
  readonly #listeners: (() => void)[] = [];
  readonly #running = new Set<Promise<unknown>>();
  #state: EngineStatus["state"] = "Ready";
  #losses = 0;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #closed: Promise<void> | null = null;

  constructor(
    transport: Transport,
    instances: number,
    { label, digest }: { readonly label: string; readonly digest: string },
    options: UpstreamPoolOptions,
  ) {
    this.#transport = transport;
    this.instances = instances;
    this.#label = label;
    this.#digest = digest;
    this.#options = options;
    this.#lookLater();
  }

  freeSlots(inFlightPerInstance: number): number {
    if (this.#state !== "Ready") return 0;
    return Math.max(0, this.instances * inFlightPerInstance - this.#running.size);
  }

  idleInstances(): number {
    return this.#state === "Ready" ? Math.max(0, this.instances - this.#running.size) : 0;
  }

  async run(inputs: readonly Tensor[], outputs: readonly string[], limitMilliseconds: number): Promise<EngineAnswer> {
    if (this.#state !== "Ready") throw new EngineFailure("Unavailable", "the upstream server is not ready");
    const started = performance.now();
    const answer = this.#transport.infer(inputs, outputs, limitMilliseconds);
    this.#running.add(answer);
    try {
      return { outputs: await answer, microseconds: (performance.now() - started) * 1000 };
    } catch (error) {
      if (isLoss(error)) void this.#look();
      throw error;
    } finally {
      this.#running.delete(answer);
      this.#notify();
    }
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  status(): EngineStatus[] {
    const one = { state: this.#state, restarts: this.#losses, cpus: null, version: this.#label, residentBytes: null };
    return Array.from({ length: this.instances }, (_, instance) => ({ instance, ...one }));
  }

  /** Whatever the plan says: the processes are not ours. */
  pinning(): PinningState {
    return "Off";
  }

  close(graceMilliseconds = defaultGraceMilliseconds): Promise<void> {
    this.#closed ??= this.#end(graceMilliseconds);
    return this.#closed;
  }

  async #end(graceMilliseconds: number): Promise<void> {
    this.#state = "Stopped";
    clearTimeout(this.#timer);
    let grace: NodeJS.Timeout | undefined;
    const timeUp = new Promise<void>((resolve) => {
      grace = setTimeout(resolve, graceMilliseconds);
    });
    await Promise.race([Promise.allSettled([...this.#running]), timeUp]);
    clearTimeout(grace);
    this.#transport.close();
  }

  #lookLater(): void {
    const { readyEveryMilliseconds, lostEveryMilliseconds } = this.#options;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => void this.#look(),
      this.#state === "Ready" ? readyEveryMilliseconds : lostEveryMilliseconds,
    );
    this.#timer.unref();
  }

  /** Asks for readiness. A server that is busy with our own batches may be late with that, which is no loss. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    clearTimeout(this.#timer);
    const ready = (await this.#transport.isReady(callMilliseconds)) && (await this.#isTheSameModel());
    this.#looking = false;
    if (this.#state === "Stopped") return;
    if (ready !== (this.#state === "Ready")) {
      if (!ready) this.#losses += 1;
      this.#state = ready ? "Ready" : "Restarting";
      this.#notify();
    }
    this.#lookLater();
  }

  /** After an absence there may be another model under the same name, for which the plan was not made. */
  async #isTheSameModel(): Promise<boolean> {
    if (this.#state === "Ready") return true;
    const model = await this.#transport.model(callMilliseconds).catch(() => null);
    return model !== null && upstreamDigest(model) === this.#digest;
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

const isLoss = (error: unknown): boolean =>
  error instanceof EngineFailure && (error.kind === "Unavailable" || error.kind === "Crashed");
