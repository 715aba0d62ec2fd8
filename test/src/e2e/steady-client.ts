import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";

export interface ClientCounts {
  readonly answered: number;
  /** One line for each request that was not answered with 200. */
  readonly failures: readonly string[];
  /** The longest time between two answers, in milliseconds. */
  readonly longestGap: number;
}

const timeoutMilliseconds = 10_000;

/** A client that sends the same request again and again, at a steady pace, until it is stopped. */
export class SteadyClient {
  readonly #url: string;
  readonly #body: string;
  readonly #everyMilliseconds: number;
  readonly #failures: string[] = [];
  readonly #finished: Promise<void>;
  #answered = 0;
  #lastAnswer = Date.now();
  #longestGap = 0;
  #stopped = false;

  constructor(url: string, body: string, everyMilliseconds = 50) {
    this.#url = url;
    this.#body = body;
    this.#everyMilliseconds = everyMilliseconds;
    this.#finished = this.#run();
  }

  counts(): ClientCounts {
    return { answered: this.#answered, failures: [...this.#failures], longestGap: this.#longestGap };
  }

  async stop(): Promise<ClientCounts> {
    this.#stopped = true;
    await this.#finished;
    return this.counts();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const next = Date.now() + this.#everyMilliseconds;
      await this.#ask();
      await sleep(Math.max(0, next - Date.now()));
    }
  }

  async #ask(): Promise<void> {
    try {
      const { statusCode, body } = await request(this.#url, {
        method: "POST",
        body: this.#body,
        headers: { "content-type": "application/json" },
        headersTimeout: timeoutMilliseconds,
        bodyTimeout: timeoutMilliseconds,
      });
      const text = await body.text();
      if (statusCode === 200) this.#count();
      else this.#failures.push(`${new Date().toISOString()} ${statusCode} ${text.slice(0, 200)}`);
    } catch (error) {
      this.#failures.push(`${new Date().toISOString()} ${(error as Error).message}`);
    }
  }

  #count(): void {
    const now = Date.now();
    this.#longestGap = Math.max(this.#longestGap, now - this.#lastAnswer);
    this.#lastAnswer = now;
    this.#answered += 1;
  }
}
