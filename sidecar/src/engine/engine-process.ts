import { type ChildProcess, spawn } from "node:child_process";
import { extname } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Tensor } from "../tensor.ts";
import { type EngineAnswer, EngineFailure, type EngineFailureKind } from "./engine.ts";
import { type Frame, FrameDecoder, FrameError } from "./frames.ts";
import { boundCommand, letFrontGoFirst, type ProcessFacts, processFacts } from "./linux-process.ts";
import { type EngineReply, type EngineRequest, type EngineStatistics, readReply, sendMessage } from "./messages.ts";
import { PausableTimer } from "./pausable-timer.ts";

const engineSocket = 3;
const lastWordsBytes = 2048;
const defaultGraceMilliseconds = 1000;

/** What one engine process is started with. */
export interface EngineProcessSettings {
  /** The program and its arguments; see `onnxRuntimeCommand`. */
  readonly command: readonly string[];
  /** The only CPUs that the process may use; null leaves it all of the server's. */
  readonly cpus: readonly number[] | null;
  /** Called when it got something to do, and when it has done it. */
  readonly onWork?: () => void;
}

/** The command of the ONNX Runtime engine. It lies beside this file, as source or compiled. */
export function onnxRuntimeCommand(): string[] {
  const program = new URL(`./onnxruntime-child${extname(import.meta.url)}`, import.meta.url);
  return [process.execPath, fileURLToPath(program)];
}

/** `threads` and `spinning` as in a plan's layout; `options` must be checked before. */
export interface LoadSettings {
  readonly file: string;
  readonly threads: number;
  readonly spinning: boolean;
  readonly options?: Readonly<Record<string, string>>;
}

/** A question that was sent and not answered yet. */
interface Pending {
  readonly id: number;
  readonly expects: EngineReply["kind"];
  readonly limitMilliseconds: number;
  readonly resolve: (reply: EngineReply, tensors: readonly Tensor[]) => void;
  readonly reject: (failure: EngineFailure) => void;
}

interface Answer<K extends EngineReply["kind"]> {
  readonly reply: Extract<EngineReply, { kind: K }>;
  readonly tensors: readonly Tensor[];
}

/**
 * One engine process and its socket. Questions are answered in order; the time limit of each starts when those before
 * it are answered. When the process dies, everything that it had is rejected and `ended` is settled; there is no way
 * back to life. All methods reject with `EngineFailure` only.
 */
export class EngineProcess {
  /** Resolves when the process is gone and everything that it had is rejected. Never rejects. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #socket: Duplex | null;
  readonly #decoder = new FrameDecoder();
  readonly #pending: Pending[] = [];
  readonly #onWork: () => void;
  #timer: PausableTimer | null = null;
  #paused = false;
  #nextId = 1;
  #gone = false;
  /** Why the process was killed; null when it died by itself. */
  #cause: { readonly kind: EngineFailureKind; readonly message: string } | null = null;
  #lastWords = "";

  constructor(settings: EngineProcessSettings) {
    const { command, cpus, onWork = () => undefined } = settings;
    this.#onWork = onWork;
    const [program = "", ...argv] = cpus === null ? command : boundCommand(cpus, command);
    this.#child = spawn(program, argv, { stdio: ["ignore", "ignore", "pipe", "pipe"], env: engineEnvironment() });
    if (this.#child.pid !== undefined) letFrontGoFirst(this.#child.pid);
    this.#socket = (this.#child.stdio[engineSocket] as Duplex | undefined) ?? null;
    this.ended = new Promise((resolve) => {
      this.#child.on("error", (error) => this.#onEnd(error.message, resolve));
      // "close" comes after the last bytes of the socket, so an answer that was on its way still counts.
      this.#child.on("close", (code, signal) => this.#onEnd(`it ended by ${signal ?? `exit code ${code}`}`, resolve));
    });
    this.#child.stderr?.on("data", (words: Buffer) => {
      this.#lastWords = (this.#lastWords + words.toString("utf8")).slice(-lastWordsBytes);
    });
    this.#socket?.on("data", (chunk: Buffer) => this.#onData(chunk));
    // A broken socket shows itself by "close" too, and a process without its socket is of no use.
    this.#socket?.on("error", () => undefined);
    this.#socket?.on("close", () => this.#child.kill("SIGKILL"));
  }

  /** Undefined when the program could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** False from the moment when it dies, is killed or is told to stop. */
  get usable(): boolean {
    return !this.#gone && this.#cause === null;
  }

  /** Has it a question to answer? */
  get working(): boolean {
    return this.#pending.length > 0;
  }

  /** Batches that are not answered yet. */
  get inFlight(): number {
    return this.#pending.filter(({ expects }) => expects === "ran").length;
  }

  /**
   * Loads the model and gives the microseconds that it took, with the engine's name and version. Rejects with `Rejected`
   * when it cannot be loaded.
   */
  async load(
    { file, threads, spinning, options = {} }: LoadSettings,
    limitMilliseconds: number,
  ): Promise<{ readonly microseconds: number; readonly version: string }> {
    const request = { kind: "load", file, threads, spinning, options } as const;
    const { microseconds, version } = (await this.#ask(request, "loaded", limitMilliseconds)).reply;
    return { microseconds, version };
  }

  /** Runs one batch. A batch that outlasts its limit costs the process its life. */
  async run(inputs: readonly Tensor[], outputs: readonly string[], limitMilliseconds: number): Promise<EngineAnswer> {
    const { reply, tensors } = await this.#ask({ kind: "run", outputs }, "ran", limitMilliseconds, inputs);
    return { outputs: tensors, microseconds: reply.microseconds };
  }

  /** Microseconds from asking to hearing back, queue included. */
  async ping(limitMilliseconds: number): Promise<number> {
    const started = performance.now();
    await this.#ask({ kind: "ping" }, "pong", limitMilliseconds);
    return (performance.now() - started) * 1000;
  }

  async statistics(limitMilliseconds: number): Promise<EngineStatistics> {
    const { kind: _, ...statistics } = (await this.#ask({ kind: "stats" }, "stats", limitMilliseconds)).reply;
    return statistics;
  }

  /** CPUs and memory as Linux has them now; works while the engine is busy. */
  facts(): ProcessFacts {
    return this.pid === undefined || this.#gone ? { cpus: null, residentBytes: null } : processFacts(this.pid);
  }

  /** Stops it where it is, and the clock of its time limit too. */
  pause(): void {
    if (this.#paused || !this.usable) return;
    this.#paused = true;
    this.#timer?.pause();
    this.#child.kill("SIGSTOP");
  }

  /** Lets it go on after `pause`. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#timer?.resume();
    this.#child.kill("SIGCONT");
  }

  /** Takes nothing new, lets it answer what it has for at most `graceMilliseconds`, then ends it. */
  async stop(graceMilliseconds = defaultGraceMilliseconds): Promise<void> {
    this.#cause ??= { kind: "Unavailable", message: "the engine process was stopped" };
    this.resume();
    this.#socket?.end();
    const force = setTimeout(() => this.#child.kill("SIGKILL"), graceMilliseconds);
    await this.ended;
    clearTimeout(force);
  }

  /** Ends the process at once. What it had is rejected with `kind`; the default is what a sudden death looks like. */
  kill(kind: EngineFailureKind = "Crashed", message = "the engine process was killed"): void {
    this.#cause ??= { kind, message };
    this.#child.kill("SIGKILL");
  }

  #ask<K extends EngineReply["kind"]>(
    request: EngineRequest,
    expects: K,
    limitMilliseconds: number,
    tensors: readonly Tensor[] = [],
  ): Promise<Answer<K>> {
    return new Promise((resolve, reject) => {
      if (!this.usable || this.#socket === null) {
        return reject(new EngineFailure("Unavailable", "the engine process is gone"));
      }
      const id = this.#nextId++;
      try {
        sendMessage(this.#socket, id, request, tensors);
      } catch (error) {
        return reject(new EngineFailure("Rejected", (error as Error).message));
      }
      const settle: Pending["resolve"] = (reply, outputs) =>
        resolve({ reply: reply as Answer<K>["reply"], tensors: outputs });
      this.#pending.push({ id, expects, limitMilliseconds, resolve: settle, reject });
      if (this.#pending.length > 1) return;
      this.#watchHead();
      this.#onWork();
    });
  }

  /** Only the question that the engine works on can be late: those behind it have not begun. */
  #watchHead(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const head = this.#pending[0];
    if (head === undefined) return;
    // One more turn of the event loop: after a stall of this process the answer may lie in the socket already.
    const late = () => setImmediate(() => this.#giveUpOn(head));
    this.#timer = new PausableTimer(head.limitMilliseconds, late, this.#paused);
  }

  #giveUpOn(head: Pending): void {
    if (this.#pending[0] !== head) return;
    this.#pending.shift();
    head.reject(new EngineFailure("Hung", `no answer within ${head.limitMilliseconds} ms`));
    this.kill("Crashed", "the batch before it hung, and the engine process was killed");
  }

  #onData(chunk: Buffer): void {
    try {
      for (const frame of this.#decoder.push(chunk)) this.#settle(frame);
    } catch (error) {
      this.kill("Crashed", `the engine process broke the protocol: ${(error as Error).message}`);
    }
  }

  #settle(frame: Frame): void {
    const reply = readReply(frame.header);
    const head = this.#pending[0];
    const rejected = reply.kind === "rejected";
    if (head?.id !== frame.header.id || !(rejected || reply.kind === head.expects)) {
      throw new FrameError(`"${reply.kind}" with id ${frame.header.id} answers nothing that was asked`);
    }
    this.#pending.shift();
    this.#watchHead();
    if (rejected) head.reject(new EngineFailure("Rejected", reply.message));
    else head.resolve(reply, frame.tensors);
    if (this.#pending.length === 0) this.#onWork();
  }

  #onEnd(how: string, resolve: () => void): void {
    this.#gone = true;
    this.#timer?.cancel();
    const { kind, message } = this.#cause ?? { kind: "Crashed", message: `the engine process died: ${how}` };
    const words = this.#lastWords === "" ? "" : `; its last words: ${this.#lastWords.trim()}`;
    for (const pending of this.#pending.splice(0)) pending.reject(new EngineFailure(kind, message + words));
    this.#socket?.destroy();
    resolve();
  }
}

/**
 * A debugger port or a preloaded module of the server must not be taken over by its engines. ONNX Runtime 1.30 would
 * report the use of models to its maker, and leave files in the folder for temporary files.
 */
function engineEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...environment } = process.env;
  return { ...environment, ORT_DISABLE_TELEMETRY: "1" };
}
