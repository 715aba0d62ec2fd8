import { type SpawnOptions, spawn } from "node:child_process";
import { delimiter, join } from "node:path";

/** The folder of the checkout. */
export const root = join(import.meta.dirname, "..");

const bin = join(root, "node_modules", ".bin");

/** Some tools colour their output even in a log file. */
const plainWhenPiped = process.stdout.isTTY ? {} : { NO_COLOR: "1" };

/** What a finished program left: -1 where it could not start or was killed. */
export interface Finished {
  readonly code: number;
  /** Both streams in the order of arrival; empty where they went to the terminal. */
  readonly output: string;
}

/**
 * Runs a program from `node_modules/.bin` or PATH in the root of the checkout, on the Node of `node_modules`.
 * `shown` lets it write to the terminal itself. Never throws.
 */
export function runTool(command: string, args: readonly string[], { shown = false } = {}): Promise<Finished> {
  const options: SpawnOptions = {
    cwd: root,
    env: { ...process.env, ...plainWhenPiped, PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}` },
    stdio: ["ignore", shown ? "inherit" : "pipe", shown ? "inherit" : "pipe"],
  };
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(command, args, options);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
      });
    }
    child.on("error", (error) => resolve({ code: -1, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? -1, output }));
  });
}

/** The sources of the checkout, relative to its root: what git tracks or would track. */
export async function sourceFiles(): Promise<string[]> {
  const { code, output } = await runTool("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"]);
  if (code !== 0) throw new Error(`git could not list the files of the checkout: ${output}`);
  return output.split("\0").filter((file) => file !== "");
}
