import { spawn } from "node:child_process";

/** How a program is run. `input` goes to its standard input; `timeoutMilliseconds` ends it with SIGKILL. */
export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly input?: string;
  readonly timeoutMilliseconds?: number;
}

/** What a program left behind. `code` is -1 when a signal ended it. */
export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that ended with another exit code than 0. The message holds the last lines of what it said. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  readonly result: RunResult;

  constructor(command: readonly string[], result: RunResult) {
    const said = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-12).join("\n");
    super(`\`${command.join(" ")}\` ended with ${result.code}: ${said}`);
    this.result = result;
  }
}

/** Runs a program to its end and collects its output. Throws only when it cannot be started. */
export function tryRun(command: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
  const [file, ...args] = command;
  const { promise, resolve, reject } = Promise.withResolvers<RunResult>();
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: "pipe",
    timeout: options.timeoutMilliseconds,
    killSignal: "SIGKILL",
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  // A program may end before it has read all of its input; its exit code then says what there is to say.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  child.on("error", reject);
  child.on("close", (code) =>
    resolve({ code: code ?? -1, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
  );
  return promise;
}

/** As `tryRun`, returns standard output. Throws `CommandFailed` on an exit code other than 0. */
export async function run(command: readonly [string, ...string[]], options: RunOptions = {}): Promise<string> {
  const result = await tryRun(command, options);
  if (result.code !== 0) throw new CommandFailed(command, result);
  return result.stdout;
}
