import { type ChildProcess, spawn } from "node:child_process";

export interface RunLimits {
  readonly timeoutSeconds: number;
  readonly signal?: AbortSignal;
  readonly environment?: NodeJS.ProcessEnv;
  /** Where the program runs, and leaves what it writes without being told where. */
  readonly folder?: string;
}

/** How a limited run ended. */
export interface LimitedRun {
  readonly end: "Exited" | "TimedOut" | "Aborted" | "NotStarted";
  /** Exit status; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  /** The end of standard error, where the reason stands. */
  readonly stderr: string;
  readonly seconds: number;
}

const longestOutput = 1 << 20;
const longestError = 1 << 16;

/**
 * Runs a program in a process group of its own and kills the whole group when the time is over or the signal comes.
 * Its standard input stays open and empty until this process ends, so that the program can notice that. Never throws.
 */
export function runLimited(command: string, args: readonly string[], limits: RunLimits): Promise<LimitedRun> {
  const started = performance.now();
  const { promise, resolve } = Promise.withResolvers<LimitedRun>();
  const { environment: env = process.env, folder: cwd } = limits;
  const child = spawn(command, args, { detached: true, stdio: "pipe", env, cwd });
  const [stdout, stderr] = [keepEnd(child.stdout, longestOutput), keepEnd(child.stderr, longestError)];
  let end: LimitedRun["end"] = "Exited";
  const stop = (reason: LimitedRun["end"]) => {
    end = reason;
    killGroup(child);
  };
  const timer = setTimeout(() => stop("TimedOut"), limits.timeoutSeconds * 1000);
  const onAbort = () => stop("Aborted");
  limits.signal?.addEventListener("abort", onAbort, { once: true });
  const finish = (code: number | null, signal: NodeJS.Signals | null) => {
    clearTimeout(timer);
    limits.signal?.removeEventListener("abort", onAbort);
    const seconds = (performance.now() - started) / 1000;
    resolve({ end, code, signal, stdout: stdout(), stderr: stderr(), seconds });
  };
  child.on("error", () => {
    if (child.pid === undefined) end = "NotStarted";
    finish(null, null);
  });
  child.on("close", finish);
  // The program may end without reading its input; that is no error here.
  child.stdin.on("error", () => {});
  if (limits.signal?.aborted === true) onAbort();
  return promise;
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended in the meantime.
  }
}

/** Collects the last `limit` characters of a stream. */
function keepEnd(stream: NodeJS.ReadableStream, limit: number): () => string {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    text = (text + chunk).slice(-limit);
  });
  return () => text;
}
