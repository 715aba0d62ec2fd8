import { type AddressInfo, connect } from "node:net";
import type { ServingPlan } from "@sweetspot/crds";
import type { FastifyInstance } from "fastify";
import { vi } from "vitest";
import type { ModelSignature, TensorSpec } from "../../model/signature.ts";
import { Metrics } from "../../telemetry/metrics.ts";
import { systemClock } from "../clock.ts";
import { Dispatcher } from "../dispatcher.ts";
import { httpApp } from "../http.ts";
import { defaultLimits, type HttpLimits } from "../http-limits.ts";
import { compilePlan, dispatchSettings, type RunningModel } from "../running-model.ts";
import { FakePool, type FakeRun } from "./fake-pool.ts";

export interface EchoOptions {
  readonly input?: Pick<TensorSpec, "datatype" | "shape">;
  readonly maximumBodyBytes?: number;
  readonly limits?: Partial<HttpLimits>;
}

const plan = {
  modelName: "echo",
  revision: "r1",
  inputBounds: [],
  batching: {
    former: "Fifo",
    maximumRows: 1,
    maximumBatchMicroseconds: 1e6,
    holdMicroseconds: 0,
    windowRequests: 8,
    inFlightPerInstance: 1,
  },
  layout: { instances: 1, threadsPerInstance: 1, pinned: false, spinning: false },
  admission: { maximumQueuedRows: 2, maximumQueuedBytes: 1e8, refuseLate: false },
  serviceLevel: { percentile: "P99", latencyMilliseconds: 1000 },
} as unknown as ServingPlan;

/** The real HTTP front, dispatcher and telemetry before an engine that echoes its one input `x` [rows, 2]. */
export class EchoServer {
  readonly log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  readonly metrics = new Metrics(() => null);
  readonly pool: FakePool;
  readonly model: RunningModel;
  readonly app: FastifyInstance;
  /** What is served now; null as before the first plan. */
  current: RunningModel | null;
  /** What the engine does with the next batch. */
  run: FakeRun = { microseconds: 0 };

  private constructor({ input, maximumBodyBytes = 4096, limits }: EchoOptions) {
    const { datatype, shape } = input ?? { datatype: "FP32", shape: [-1, 2] };
    const spec: TensorSpec = { name: "x", datatype, shape, symbols: shape.map(() => null) };
    const signature: ModelSignature = {
      inputs: [spec],
      outputs: [spec],
      batchable: true,
      variableAxis: null,
      inputBounds: [],
    };
    this.pool = new FakePool(systemClock, 1, () => this.run);
    this.metrics.planTaken("r1", 1000);
    const observer = { batchFinished: this.metrics.batch.bind(this.metrics), batchFailed: () => undefined };
    const compiled = compilePlan(plan, signature);
    const settings = dispatchSettings(compiled);
    const dispatcher = new Dispatcher(this.pool, undefined, settings, systemClock, observer);
    this.model = { ...compiled, pool: this.pool, dispatcher };
    this.current = this.model;
    this.app = httpApp({
      current: () => this.current,
      ready: () => this.current !== null,
      metrics: this.metrics,
      clock: systemClock,
      log: this.log,
      version: "0.0.0",
      maximumBodyBytes,
      limits: { ...defaultLimits, ...limits },
    });
  }

  static async start(options: EchoOptions = {}): Promise<EchoServer> {
    const server = new EchoServer(options);
    await server.app.listen({ host: "127.0.0.1", port: 0 });
    return server;
  }

  get port(): number {
    return (this.app.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Sends raw bytes and gives all that comes back until the server closes or `enough` has come. */
  raw(bytes: string | Uint8Array, enough: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, "127.0.0.1", () => socket.write(bytes));
      let answer = "";
      socket.setEncoding("latin1").on("data", (chunk: string) => {
        answer += chunk;
        if (enough.test(answer)) socket.destroy();
      });
      socket.on("close", () => resolve(answer)).on("error", reject);
    });
  }

  async close(): Promise<void> {
    this.app.server.closeAllConnections();
    await this.app.close();
  }
}
