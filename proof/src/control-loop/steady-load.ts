import type { LoadStage, ServiceLevelTarget } from "@sweetspot/crds";
import { LoadClient, type RequestMix } from "@sweetspot/tuner";

/** Longer than any proof takes. */
const mostSeconds = 1800;
const timeoutMilliseconds = 10_000;

/** The body of a request of one row to the working model. */
export function requestLine(length: number, seed: number): string {
  const data = Array.from({ length }, (_, i) => ((seed * 7 + i) % 10) + 1);
  return JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [1, length], data }] });
}

/** Requests of these lengths, in equal shares. */
const mixOf = (lengths: readonly number[]): RequestMix => ({
  requests: lengths.map((length, i) => ({
    headers: { "content-type": "application/json" },
    body: Buffer.from(requestLine(length, i)),
  })),
});

/** Poisson arrivals of a mean rate from a process of their own, until they are stopped. */
export class SteadyLoad {
  readonly #client: LoadClient;
  readonly #done: Promise<LoadStage>;

  private constructor(client: LoadClient, done: Promise<LoadStage>) {
    this.#client = client;
    this.#done = done;
  }

  static async start(
    url: string,
    target: ServiceLevelTarget,
    { requestsPerSecond, lengths }: { readonly requestsPerSecond: number; readonly lengths: readonly number[] },
  ): Promise<SteadyLoad> {
    const client = await LoadClient.start(mixOf(lengths));
    const job = { url, target, seed: 7, timeoutMilliseconds, maximumConnections: 256 };
    const done = client
      .run({ ...job, stages: [{ requestsPerSecond, seconds: mostSeconds }] })
      .then(({ stages }) => stages[0] as LoadStage);
    // Who stops it hears of it.
    done.catch(() => undefined);
    return new SteadyLoad(client, done);
  }

  async stop(): Promise<LoadStage> {
    this.#client.stop();
    const stage = await this.#done;
    await this.#client.close();
    return stage;
  }
}
