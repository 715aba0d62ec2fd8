import { type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { GrpcEcho, type GrpcEchoOptions } from "./grpc-echo.ts";

/** A loaded machine takes its time. */
export const soonEnough = { timeout: 10_000 };

/** A new `GrpcEcho` for each test of the file that makes it, and what those wait for. */
export class GrpcEchoes {
  #server: GrpcEcho | undefined;

  constructor() {
    beforeEach(async () => {
      this.#server = await GrpcEcho.start();
    });
    afterEach(() => this.#server?.close());
  }

  /** That of the test that runs. */
  get server(): GrpcEcho {
    if (this.#server === undefined) throw new Error("only a test has a server");
    return this.#server;
  }

  async restart(options: GrpcEchoOptions): Promise<void> {
    await this.server.close();
    this.#server = await GrpcEcho.start(options);
  }

  /** Waits until so many requests were counted by their outcomes; late or not is a matter of the machine. */
  async counted(expected: Record<string, number>): Promise<void> {
    await vi.waitFor(async () => expect(await this.#outcomes()).toEqual(expected), soonEnough);
  }

  async queued(rows: number): Promise<void> {
    await vi.waitFor(() => expect(this.server.echo.model.dispatcher.load().queuedRows).toBe(rows), soonEnough);
  }

  async inEngine(): Promise<void> {
    await vi.waitFor(() => expect(this.server.echo.pool.batches).toHaveLength(1), soonEnough);
  }

  async #outcomes(): Promise<Record<string, number>> {
    const text = await this.server.echo.metrics.text();
    const counts: Record<string, number> = {};
    for (const [, word = "", count] of text.matchAll(/^sweetspot_requests_total\{outcome="(\w+)"\} (\d+)/gm)) {
      const outcome = word === "Good" || word === "Late" ? "Answered" : word;
      counts[outcome] = (counts[outcome] ?? 0) + Number(count);
    }
    return counts;
  }
}

/** What a call fails with. */
export const failure = (call: Promise<unknown>): Promise<ServiceError> =>
  call.then(
    () => Promise.reject(new Error("the call succeeded")),
    (error: ServiceError) => error,
  );

/** The name of the status that a call fails with. */
export const codeOf = async (call: Promise<unknown>): Promise<string> => status[(await failure(call)).code] as string;

/** A request of zeros for the echoing model. */
export const zeros = (rows: number, width: number) => ({
  model_name: "echo",
  inputs: [{ name: "x", datatype: "FP32", shape: [rows, width] }],
  raw_input_contents: [Buffer.alloc(rows * width * 4)],
});
