import { systemClock } from "../clock.ts";
import { GrpcFront } from "../grpc.ts";
import { type EchoOptions, EchoServer } from "./echo-server.ts";
import { GrpcClient } from "./grpc-client.ts";

export interface GrpcEchoOptions extends Pick<EchoOptions, "input"> {
  readonly port?: number;
  readonly maximumMessageBytes?: number;
  readonly messagePatience?: number;
}

/** A request of one row for the echoing model. */
export const goodRequest = {
  model_name: "echo",
  inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], contents: { fp32_contents: [1, 2] } }],
};

/** The real gRPC front beside an `EchoServer`, with a client of the library's own that is connected to it. */
export class GrpcEcho {
  readonly echo: EchoServer;
  readonly front: GrpcFront;
  readonly client: GrpcClient;
  readonly port: number;

  private constructor(echo: EchoServer, front: GrpcFront, port: number) {
    this.echo = echo;
    this.front = front;
    this.port = port;
    this.client = new GrpcClient(port);
  }

  static async start(options: GrpcEchoOptions = {}): Promise<GrpcEcho> {
    const { maximumMessageBytes = 4096, messagePatience = 10_000, port = 0, ...rest } = options;
    const echo = await EchoServer.start(rest);
    const front = new GrpcFront({
      current: () => echo.current,
      ready: () => echo.current !== null,
      metrics: echo.metrics,
      clock: systemClock,
      log: echo.log,
      version: "0.0.0",
      maximumMessageBytes,
      messagePatience,
    });
    try {
      return new GrpcEcho(echo, front, await front.listen("127.0.0.1", port));
    } catch (error) {
      await echo.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.client.close();
    this.front.endNow();
    await this.front.close();
    await this.echo.close();
  }
}
