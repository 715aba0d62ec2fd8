import { type ChildProcess, fork } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadReport } from "@sweetspot/crds";
import { LoadJob, timeoutOf } from "./load-job.ts";
import { LoadAnswer, type LoadCommand } from "./load-messages.ts";
import { encodeMix, type RequestMix } from "./request-mix.ts";

/** The load process failed; the job has no result. */
export class LoadError extends Error {
  override readonly name = "LoadError";
}

// The same file name with the extension of this one: sources run as they are, published packages are compiled.
const program = fileURLToPath(new URL(`./load-process${extname(import.meta.url)}`, import.meta.url));

/** Start-up, drain and a loaded machine, on top of what a job takes by itself. */
const slackMilliseconds = 30_000;

/** Sends one job through a load process of its own. See `LoadClient.run`. */
export async function runLoad(job: LoadJob, mix: RequestMix, signal?: AbortSignal): Promise<LoadReport> {
  const client = await LoadClient.start(mix);
  try {
    return await client.run(job, signal);
  } finally {
    await client.close();
  }
}

interface Waiting {
  readonly id: number;
  readonly settle: PromiseWithResolvers<LoadReport>;
}

/**
 * A load process with one mix, kept for many jobs: the generator never shares a thread with the server that it
 * measures. The process ends with `close()`, and with its parent.
 */
export class LoadClient {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #waiting: Waiting | undefined;
  #failure: LoadError | undefined;
  #jobs = 0;
  #errors = "";

  /** Starts the process and hands it the mix. Throws `LoadError` when it does not come up. */
  static async start(mix: RequestMix): Promise<LoadClient> {
    const folder = await mkdtemp(join(tmpdir(), "sweetspot-load-"));
    try {
      const file = join(folder, "mix");
      await writeFile(file, encodeMix(mix), { mode: 0o600 });
      const client = new LoadClient(file);
      await client.#ready();
      return client;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private constructor(mixFile: string) {
    this.#child = fork(program, [mixFile], { execArgv: [], stdio: ["ignore", "ignore", "pipe", "ipc"] });
    this.#child.stderr?.on("data", (text) => {
      this.#errors = (this.#errors + text).slice(-2048);
    });
    this.#exited = new Promise((resolve) => {
      this.#child.on("error", (error) => {
        this.#fail(`The load process cannot be used: ${error.message}`);
        // Without a process there is no exit to wait for.
        if (this.#child.pid === undefined) resolve();
      });
      this.#child.once("exit", (code, signal) => {
        this.#fail(`The load process ended (${signal ?? `code ${code}`}). ${this.#errors.trim()}`);
        resolve();
      });
    });
    this.#child.on("message", (message) => this.#receive(message));
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /**
   * Runs one job; jobs do not overlap.
   *
   * @param signal ends the process at once, and rejects with the signal's reason; for a partial report use `stop()`
   * @throws LoadError when the process fails, TypeError when a job is running already
   */
  async run(input: LoadJob, signal?: AbortSignal): Promise<LoadReport> {
    const job = LoadJob.parse(input);
    signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#waiting !== undefined) throw new TypeError("the load process has a job already");
    const waiting = { id: this.#jobs++, settle: Promise.withResolvers<LoadReport>() };
    this.#waiting = waiting;
    const abort = () => this.#abandon(signal?.reason);
    const watchdog = setTimeout(
      () => this.#abandon(new LoadError("The load process did not finish in time.")),
      longest(job),
    );
    signal?.addEventListener("abort", abort, { once: true });
    try {
      this.#send({ type: "run", id: waiting.id, job });
      return await waiting.settle.promise;
    } finally {
      clearTimeout(watchdog);
      signal?.removeEventListener("abort", abort);
      this.#waiting = undefined;
    }
  }

  /** Ends the current stage; `run` then resolves with the stages so far. */
  stop(): void {
    if (this.#waiting !== undefined) this.#send({ type: "stop" });
  }

  async close(): Promise<void> {
    this.#fail("The load process is closed.");
    if (this.#child.connected) this.#child.disconnect();
    const kill = setTimeout(() => this.#child.kill("SIGKILL"), 1000);
    await this.#exited;
    clearTimeout(kill);
  }

  async #ready(): Promise<void> {
    const waiting = { id: -1, settle: Promise.withResolvers<LoadReport>() };
    this.#waiting = waiting;
    const ready = new Promise<void>((resolve) => this.#child.once("message", () => resolve()));
    // It can only fail: the first message is `ready`, and settles nothing.
    await Promise.race([ready, waiting.settle.promise]);
    this.#waiting = undefined;
  }

  #send(command: LoadCommand): void {
    // A channel that broke shows up as the exit of the process.
    this.#child.send(command, () => {});
  }

  #receive(message: unknown): void {
    const parsed = LoadAnswer.safeParse(message);
    if (!parsed.success) {
      this.#abandon(new LoadError("The load process sent an answer that is not valid."));
      return;
    }
    const answer = parsed.data;
    if (answer.type === "ready" || answer.id !== this.#waiting?.id) return;
    if (answer.type === "report") this.#waiting.settle.resolve(answer.report);
    else this.#waiting.settle.reject(new LoadError(`The load run failed: ${answer.message}`));
  }

  #abandon(reason: unknown): void {
    this.#waiting?.settle.reject(reason);
    this.#child.kill("SIGKILL");
  }

  #fail(message: string): void {
    this.#failure ??= new LoadError(message.trim());
    this.#waiting?.settle.reject(this.#failure);
  }
}

/** When a job is certainly over, in milliseconds. */
const longest = (job: LoadJob): number =>
  slackMilliseconds + job.stages.reduce((sum, stage) => sum + 1000 * stage.seconds + timeoutOf(job), 0);
