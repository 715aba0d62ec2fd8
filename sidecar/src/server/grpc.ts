import { type AddressInfo, createServer, type Server as NetServer } from "node:net";
import { Server, ServerCredentials, type ServerWritableStream } from "@grpc/grpc-js";
import { UnaryCall } from "./grpc-call.ts";
import { healthService, inferenceService, unaryCalls } from "./grpc-calls.ts";
import { HealthBoard } from "./grpc-health.ts";
import type { GrpcContext } from "./grpc-infer.ts";
import type { Log } from "./log.ts";

export interface GrpcOptions extends GrpcContext {
  readonly version: string;
  /** Larger messages are refused; gRPC's own default is 4 MiB, which an image in FP32 exceeds. */
  readonly maximumMessageBytes: number;
}

const mostConnections = 8192;
const mostStreamsOfConnection = 1024;
const idleMilliseconds = 300_000;
const pingMilliseconds = 60_000;
const pingTimeoutMilliseconds = 20_000;
const flowWindowBytes = 1024 * 1024;

const identity = (bytes: Buffer): Buffer => bytes;

/**
 * The Open Inference Protocol v2 and the health protocol over gRPC.
 *
 * Messages are read and written by `protocol/grpc`; the library carries bytes. Connections are accepted here and handed
 * to it, so that a port that is taken is the system's own error and the number of connections is bounded.
 */
export class GrpcFront {
  readonly #server: Server;
  readonly #health: HealthBoard;
  readonly #listener: NetServer;
  readonly #log: Log;

  constructor(options: GrpcOptions) {
    const { maximumMessageBytes, version, ready, clock, log } = options;
    this.#server = new Server({
      "grpc.max_receive_message_length": maximumMessageBytes,
      "grpc.max_send_message_length": -1,
      "grpc.max_concurrent_streams": mostStreamsOfConnection,
      "grpc.max_connection_idle_ms": idleMilliseconds,
      "grpc.keepalive_time_ms": pingMilliseconds,
      "grpc.keepalive_timeout_ms": pingTimeoutMilliseconds,
      "grpc-node.flow_control_window": flowWindowBytes,
      "grpc.enable_channelz": 0,
    });
    this.#log = log;
    this.#health = new HealthBoard([inferenceService, healthService], ready, log);
    for (const [path, handle] of unaryCalls(options, version, this.#health)) {
      const accept = (stream: UnaryStream, respond: UnaryRespond) => handle(new UnaryCall(stream, respond, clock));
      this.#server.register(path, accept as never, identity, identity, "clientStream");
    }
    const watch: (stream: ServerWritableStream<Buffer, Buffer>) => void = this.#health.watch;
    this.#server.register(`/${healthService}/Watch`, watch as never, identity, identity, "serverStream");
    const injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    this.#listener = createServer({ noDelay: true }, (socket) => injector.injectConnection(socket));
    this.#listener.maxConnections = mostConnections;
  }

  /** Gives the port; rejects with the system's error where it cannot be had. 0 takes any free one. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#listener.once("error", reject);
      this.#listener.listen({ host, port }, () => {
        this.#listener.off("error", reject);
        this.#listener.on("error", (error) => this.#log.error({ err: error }, "gRPC cannot take a connection"));
        resolve((this.#listener.address() as AddressInfo).port);
      });
    });
  }

  /** Readiness changed: those who watch are told at once. */
  readinessChanged(): void {
    this.#health.look();
  }

  /** Accepts nothing more and resolves when all calls under way have ended, at the latest when `endNow` is called. */
  async close(): Promise<void> {
    this.#listener.close();
    this.#health.close();
    await new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
  }

  /** Cuts what is still there. */
  endNow(): void {
    this.#server.forceShutdown();
  }
}

type UnaryStream = ConstructorParameters<typeof UnaryCall>[0];
type UnaryRespond = ConstructorParameters<typeof UnaryCall>[1];
