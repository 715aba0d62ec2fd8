import { Worker } from "node:worker_threads";
import { ApiError } from "../protocol/errors.ts";
import type { Log } from "../server/log.ts";

export interface ThreadPoolOptions {
  readonly program: URL;
  /** What each thread gets as `workerData`. */
  readonly settings: object;
  readonly threads: number;
  readonly log: Log;
  /** A thread that does not answer for so long is replaced; 20 s unless given. */
  readonly limitMilliseconds?: number;
}

/** One request's items: all are prepared, or the first failure is the request's. */
interface Job<R> {
  readonly results: R[];
  missing: number;
  settled: boolean;
  /** True when nobody waits for it any more. */
  readonly isOver: () => boolean;
  resolve(results: R[]): void;
  reject(error: ApiError): void;
}

interface Piece<I, R> {
  readonly job: Job<R>;
  readonly index: number;
  readonly item: I;
  readonly bytes: number;
  /** A thread died while it had this item among others: it is tried once more, alone. */
  suspect: boolean;
}

interface Thread<I, R> {
  readonly worker: Worker;
  /** What it works on; null while it is not ready, empty while it is idle. */
  pieces: readonly Piece<I, R>[] | null;
  timer: NodeJS.Timeout | undefined;
}

const defaultLimitMilliseconds = 20_000;
const restartPauseMilliseconds = 200;
/** More items in one message would delay those of others without saving anything. */
const mostItems = 16;
const heapMegabytes = 1024;

/**
 * Threads that turn items into results. A thread takes what waits when it becomes free, up to 16 items at once, so that
 * the price of a message is shared when there is much to do and nothing waits when there is little.
 *
 * What is waiting is counted, not bounded: the caller refuses what is too much. A thread that dies or hangs is replaced;
 * the items that it had are tried again one by one, and an item that fails alone is answered with `InternalError`.
 */
export class ThreadPool<I, R> {
  readonly #options: ThreadPoolOptions;
  readonly #threads = new Set<Thread<I, R>>();
  readonly #waiting: Piece<I, R>[] = [];
  #closed = false;
  /** Items that wait for a thread or are in one, and their size as the caller gave it. */
  items = 0;
  bytes = 0;

  private constructor(options: ThreadPoolOptions) {
    this.#options = options;
  }

  /**
   * Starts the threads and gives the pool with what the first of them said. Rejects when a thread ends before it says
   * anything, and where `accept` throws at its greeting.
   */
  static async open<I, R, G>(
    options: ThreadPoolOptions,
    accept: (greeting: unknown) => G,
  ): Promise<{ readonly pool: ThreadPool<I, R>; readonly greeting: G }> {
    const pool = new ThreadPool<I, R>(options);
    try {
      const greetings = await Promise.all(
        Array.from({ length: options.threads }, async () => accept(await pool.#start())),
      );
      return { pool, greeting: greetings[0] as G };
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  /** Results in the order of the items. `bytesOf`: what an item counts. Rejects with `ApiError` only. */
  run(items: readonly I[], bytesOf: (item: I) => number, isOver: () => boolean): Promise<R[]> {
    const { promise, resolve, reject } = Promise.withResolvers<R[]>();
    if (this.#closed) reject(new ApiError("ShuttingDown", {}, 1));
    else if (items.length === 0) resolve([]);
    else {
      const job: Job<R> = { results: [], missing: items.length, settled: false, isOver, resolve, reject };
      for (const [index, item] of items.entries())
        this.#add({ job, index, item, bytes: bytesOf(item), suspect: false });
      this.#pump();
    }
    return promise;
  }

  /** Ends the threads; what still waits is answered with `ShuttingDown`. */
  async close(): Promise<void> {
    this.#closed = true;
    const threads = [...this.#threads];
    this.#threads.clear();
    for (const piece of [...this.#waiting.splice(0), ...threads.flatMap(({ pieces }) => pieces ?? [])]) {
      this.#fail(piece, "ShuttingDown");
    }
    for (const { timer } of threads) clearTimeout(timer);
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  /** Resolves with the first message of a new thread. */
  #start(): Promise<unknown> {
    const { program, settings } = this.#options;
    const resourceLimits = { maxOldGenerationSizeMb: heapMegabytes };
    const worker = new Worker(program, { workerData: settings, resourceLimits });
    const thread: Thread<I, R> = { worker, pieces: null, timer: undefined };
    this.#threads.add(thread);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    let cause: unknown = null;
    worker.on("error", (error) => {
      cause = error;
    });
    worker.on("exit", () => {
      reject(cause ?? new Error("the thread ended before it was ready"));
      this.#lost(thread, cause);
    });
    worker.once("message", (greeting) => {
      thread.pieces = [];
      worker.on("message", (results: R[]) => this.#answered(thread, results));
      resolve(greeting);
      this.#pump();
    });
    return promise;
  }

  #add(piece: Piece<I, R>): void {
    this.items += 1;
    this.bytes += piece.bytes;
    this.#waiting.push(piece);
  }

  #pump(): void {
    for (const thread of this.#threads) {
      if (thread.pieces === null || thread.pieces.length > 0) continue;
      const pieces = this.#take();
      if (pieces.length === 0) return;
      thread.pieces = pieces;
      const hung = () => void thread.worker.terminate();
      thread.timer = setTimeout(hung, this.#options.limitMilliseconds ?? defaultLimitMilliseconds);
      thread.worker.postMessage(pieces.map(({ item }) => item));
    }
  }

  /** The oldest items, shared among the threads; a suspect one goes alone. */
  #take(): Piece<I, R>[] {
    const share = Math.min(mostItems, Math.ceil(this.#waiting.length / this.#options.threads));
    const pieces: Piece<I, R>[] = [];
    while (pieces.length < share) {
      const next = this.#waiting[0];
      if (next === undefined || (next.suspect && pieces.length > 0)) break;
      this.#waiting.shift();
      if (next.job.settled || next.job.isOver()) this.#fail(next, "DeadlineExpired");
      else pieces.push(next);
      if (next.suspect && pieces.length > 0) break;
    }
    return pieces;
  }

  #answered(thread: Thread<I, R>, results: readonly R[]): void {
    clearTimeout(thread.timer);
    const pieces = thread.pieces ?? [];
    thread.pieces = [];
    for (const [i, piece] of pieces.entries()) this.#succeed(piece, results[i] as R);
    this.#pump();
  }

  #lost(thread: Thread<I, R>, cause: unknown): void {
    clearTimeout(thread.timer);
    if (!this.#threads.delete(thread)) return;
    const { pieces } = thread;
    // A thread that never was ready is the business of whoever waits for its greeting.
    if (pieces === null) return;
    this.#options.log.error({ err: cause, items: pieces.length }, "preprocessing thread lost");
    if (pieces.length === 1) for (const piece of pieces) this.#fail(piece, "InternalError");
    else this.#waiting.unshift(...pieces.map((piece) => Object.assign(piece, { suspect: true })));
    this.#replace();
  }

  #replace(): void {
    if (this.#closed) return;
    this.#start().catch(() => setTimeout(() => this.#replace(), restartPauseMilliseconds).unref());
  }

  #succeed(piece: Piece<I, R>, result: R): void {
    const { job, index } = piece;
    this.#forget(piece);
    job.results[index] = result;
    job.missing -= 1;
    if (job.missing > 0 || job.settled) return;
    job.settled = true;
    job.resolve(job.results);
  }

  #fail(piece: Piece<I, R>, code: "DeadlineExpired" | "InternalError" | "ShuttingDown"): void {
    this.#forget(piece);
    if (piece.job.settled) return;
    piece.job.settled = true;
    piece.job.reject(new ApiError(code, {}, code === "ShuttingDown" ? 1 : null));
  }

  #forget({ bytes }: Piece<I, R>): void {
    this.items -= 1;
    this.bytes -= bytes;
  }
}
