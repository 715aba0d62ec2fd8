import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "@sweetspot/planner";
import { Choices } from "./choices.ts";
import { type ByteExchange, exchangeBytes } from "./exchange-bytes.ts";
import type { FuzzInput, FuzzTarget } from "./fuzz-target.ts";
import { leakIn } from "./leak.ts";

export interface FuzzOptions {
  readonly port: number;
  readonly messages: number;
  /** Message `i` follows from `seed` and `i` alone. */
  readonly seed: number;
  /** An answer that takes longer, or a connection that stays open longer, is a hang. */
  readonly hangMilliseconds: number;
  readonly target: FuzzTarget;
}

/** Something that must not happen. */
interface FuzzFinding {
  readonly kind: "Crash" | "Hang" | "Leak" | "ServerError" | "GoodRequestFailed";
  /** Which message; null for the good requests between them. */
  readonly index: number | null;
  readonly detail: string;
}

export interface FuzzReport {
  readonly messages: number;
  /** How many were answered with which status; "none" where the connection ended without an answer. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly findings: readonly FuzzFinding[];
  /** Connections that the server had called over, and that were still open after `hangMilliseconds`. */
  readonly lingering: number;
  /** Well-formed requests that were sent meanwhile. */
  readonly goodRequests: number;
  readonly slowestGoodMilliseconds: number;
}

const lanes = 24;
const pauseMilliseconds = 100;
const mostFindings = 100;
const betweenGoodMilliseconds = 100;

/** One message of a run. */
const fuzzInput = ({ target, seed }: FuzzOptions, index: number): FuzzInput =>
  target.mutated(new Choices(seededRandom(seed * 1_000_003 + index)));

/**
 * Sends mutated messages from many connections at once, and well-formed ones between them, which must be answered as
 * ever. Ends early when the server is gone.
 */
export async function fuzzPort(options: FuzzOptions): Promise<FuzzReport> {
  const run = new FuzzRun(options);
  const good = run.sendGood();
  await Promise.all(Array.from({ length: lanes }, () => run.sendMutated()));
  run.over = true;
  await good;
  return run.report();
}

class FuzzRun {
  over = false;
  readonly #options: FuzzOptions;
  readonly #statuses = new Map<string, number>();
  readonly #findings: FuzzFinding[] = [];
  #next = 0;
  #lingering = 0;
  #goodRequests = 0;
  #slowestGood = 0;

  constructor(options: FuzzOptions) {
    this.#options = options;
  }

  async sendMutated(): Promise<void> {
    const { port, messages, target, hangMilliseconds } = this.#options;
    const patience = { pauseMilliseconds, hangMilliseconds, isWhole: target.isWhole };
    while (this.#next < messages && this.#findings.length < mostFindings) {
      const index = this.#next;
      this.#next += 1;
      const input = fuzzInput(this.#options, index);
      await this.#judge(await exchangeBytes(port, input.bytes, patience), input, index);
    }
  }

  async sendGood(): Promise<void> {
    const { port, target, hangMilliseconds } = this.#options;
    const patience = { pauseMilliseconds: hangMilliseconds, hangMilliseconds, isWhole: target.isWhole };
    for (let i = 0; !this.over; i += 1) {
      const bytes = target.good[i % target.good.length] as Uint8Array;
      const start = performance.now();
      const { answer, refused } = await exchangeBytes(port, bytes, patience);
      const milliseconds = performance.now() - start;
      this.#goodRequests += 1;
      this.#slowestGood = Math.max(this.#slowestGood, milliseconds);
      const { good, status, text } = await target.judge(answer);
      if (refused) this.#find("Crash", null, "nobody listens any more");
      else if (milliseconds > hangMilliseconds) this.#find("Hang", null, `${Math.round(milliseconds)} ms`);
      else if (!good) this.#find("GoodRequestFailed", null, `status ${status}: ${text}`);
      await sleep(betweenGoodMilliseconds);
    }
  }

  report(): FuzzReport {
    return {
      messages: this.#next,
      statuses: Object.fromEntries([...this.#statuses].sort()),
      findings: this.#findings,
      lingering: this.#lingering,
      goodRequests: this.#goodRequests,
      slowestGoodMilliseconds: this.#slowestGood,
    };
  }

  async #judge({ answer, hung, refused }: ByteExchange, { readable }: FuzzInput, index: number): Promise<void> {
    const { target } = this.#options;
    const { status, text, unforeseen } = await target.judge(answer);
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (refused) this.#find("Crash", index, "nobody listens any more");
    if (hung && target.isOver(answer)) this.#lingering += 1;
    else if (hung) this.#find("Hang", index, `the connection stayed open; its answer was ${status}`);
    const leak = leakIn(text, readable);
    if (leak !== null) this.#find("Leak", index, leak);
    if (unforeseen) this.#find("ServerError", index, text.slice(-200));
  }

  #find(kind: FuzzFinding["kind"], index: number | null, detail: string): void {
    this.#findings.push({ kind, index, detail: detail.slice(0, 300) });
  }
}
