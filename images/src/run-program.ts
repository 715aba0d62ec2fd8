import { spawn } from "node:child_process";

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** After this long it is killed. Default 15 minutes. */
  readonly timeoutMilliseconds?: number;
}

/** A program that could not start, ended with another code than 0, or ran past its time. */
export class ProgramError extends Error {
  override readonly name = "ProgramError";
}

const keptCharacters = 65_536;
const shownLines = 15;

/**
 * Runs a program to its end and returns what it wrote to its standard output.
 * @throws ProgramError with the last lines of what it wrote.
 */
export function runProgram(file: string, args: readonly string[], options: ProgramOptions = {}): Promise<string> {
  const { cwd, env = process.env, timeoutMilliseconds: timeout = 15 * 60_000 } = options;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(file, args, { cwd, env, timeout, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, all] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    all = (all + text).slice(-keptCharacters);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    all = (all + text).slice(-keptCharacters);
  });
  child.on("error", (error) => reject(new ProgramError(`${file} could not be started: ${error.message}`)));
  child.on("close", (code, signal) => {
    if (code === 0) resolve(stdout);
    else reject(new ProgramError(`${[file, ...args].join(" ")} failed (${signal ?? code}).\n${lastLines(all)}`));
  });
  return promise;
}

const lastLines = (text: string): string => text.trim().split("\n").slice(-shownLines).join("\n");

/** Whether a program ends well; its output is dropped. */
export async function succeeds(file: string, args: readonly string[], options?: ProgramOptions): Promise<boolean> {
  try {
    await runProgram(file, args, options);
    return true;
  } catch (error) {
    if (error instanceof ProgramError) return false;
    throw error;
  }
}
