import type { ServerWritableStream } from "@grpc/grpc-js";
import { ApiError } from "../protocol/errors.ts";
import { decodeHealthQuestion, encodeHealth, type ServingStatus } from "../protocol/grpc/messages.ts";
import { grpcFailure, toGrpcApiError } from "./grpc-errors.ts";
import type { Log } from "./log.ts";

type Watcher = ServerWritableStream<Buffer, Buffer>;

interface Watch {
  readonly service: string;
  last: ServingStatus;
}

const lookMilliseconds = 100;

/** grpc.health.v1: tells who asks, and those who watch when it changes. */
export class HealthBoard {
  readonly #services: ReadonlySet<string>;
  readonly #ready: () => boolean;
  readonly #log: Log;
  readonly #watches = new Map<Watcher, Watch>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  /** `services`: names that are known besides the empty one, which is the server as a whole. */
  constructor(services: readonly string[], ready: () => boolean, log: Log) {
    this.#services = new Set(["", ...services]);
    this.#ready = ready;
    this.#log = log;
  }

  statusOf(service: string): ServingStatus {
    if (!this.#services.has(service)) return "SERVICE_UNKNOWN";
    return this.#ready() ? "SERVING" : "NOT_SERVING";
  }

  /** The call `Watch`: the status now, and again whenever it is another, until either side ends it. */
  readonly watch = (stream: Watcher): void => {
    stream.on("error", () => undefined);
    try {
      if (this.#closed) throw new ApiError("ShuttingDown", {}, 1);
      const service = decodeHealthQuestion(stream.request);
      const last = this.statusOf(service);
      stream.write(encodeHealth(last));
      this.#watches.set(stream, { service, last });
    } catch (error) {
      stream.emit("error", failureOf(toGrpcApiError(error, this.#log)));
      return;
    }
    stream.once("cancelled", () => this.#forget(stream));
    this.#timer ??= setInterval(() => this.look(), lookMilliseconds).unref();
  };

  /** Tells the watchers of a change now, not at the next look. */
  look(): void {
    for (const [stream, watch] of this.#watches) {
      const status = this.statusOf(watch.service);
      if (status === watch.last) continue;
      watch.last = status;
      stream.write(encodeHealth(status));
    }
  }

  /** Tells the last status and ends every watch: one that stays open would keep its connection. */
  close(): void {
    this.look();
    this.#closed = true;
    for (const stream of [...this.#watches.keys()]) {
      this.#forget(stream);
      stream.emit("error", failureOf(new ApiError("ShuttingDown", {}, 1)));
    }
  }

  #forget(stream: Watcher): void {
    this.#watches.delete(stream);
    if (this.#watches.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}

const failureOf = (error: ApiError): Error => Object.assign(new Error(error.message), grpcFailure(error));
