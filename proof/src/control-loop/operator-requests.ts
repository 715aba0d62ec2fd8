import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "@sweetspot/test/cluster";
import { operatorPodAddress } from "@sweetspot/test/e2e";

const everySeconds = 5;
const windowSamples = 60 / everySeconds;

/** What an operator sent to its API server over some time. */
export interface SentRequests {
  /** In the minute that had most, per second. */
  readonly mostPerSecond: number;
  readonly total: number;
  /** In each stretch of so many seconds. */
  readonly everySeconds: number;
  readonly counts: readonly number[];
}

/** How many requests an operator sends to the API server, by its own metrics: those that reach nobody are among them. */
export class OperatorRequests {
  readonly #url: string;

  private constructor(url: string) {
    this.#url = url;
  }

  static async of(cluster: Cluster): Promise<OperatorRequests> {
    return new OperatorRequests(`http://${await operatorPodAddress(cluster)}:8081/metrics`);
  }

  async count(seconds: number): Promise<SentRequests> {
    const counts: number[] = [];
    let last = (await this.#total()) ?? 0;
    for (let at = 0; at + everySeconds <= seconds; at += everySeconds) {
      await sleep(1000 * everySeconds);
      // A term that lost its lease ends with its metrics: between two nobody tells, and the next one counts from zero.
      const now = (await this.#total()) ?? last;
      counts.push(now < last ? now : now - last);
      last = now;
    }
    return { mostPerSecond: mostPerSecond(counts), total: sum(counts), everySeconds, counts };
  }

  async #total(): Promise<number | null> {
    const response = await fetch(this.#url).catch(() => null);
    if (response === null) return null;
    const text = await response.text();
    const values = Array.from(text.matchAll(/^sweetspot_operator_api_requests_total\{.*\} (\S+)$/gm), ([, value]) =>
      Number(value),
    );
    return sum(values);
  }
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Over the first stretch the requests that the outage cut off are counted as well. */
function mostPerSecond(counts: readonly number[]): number {
  const whole = counts.slice(1);
  const span = Math.min(windowSamples, whole.length);
  const windows = whole.slice(span - 1).map((_, start) => sum(whole.slice(start, start + span)));
  return Math.max(0, ...windows) / (span * everySeconds);
}
