import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { relative } from "node:path";

const require = createRequire(import.meta.url);
const program = require.resolve("@sweetspot/cli/main");

/** A command of the demo failed; its own message is on the screen already. */
class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

/** Starts `sweetspot` as a user would, with what it says going to the screen, and shows the command. */
function sweetspot(args: readonly string[]): ChildProcess {
  console.log(`\n$ sweetspot ${args.map(shown).join(" ")}`);
  return spawn(process.execPath, [program, ...args, "--json"], { stdio: ["ignore", "pipe", "inherit"] });
}

const shown = (word: string): string => (word.startsWith("/") ? relative(process.cwd(), word) : word);

/** Runs a command to its end and returns the document that it prints. */
export async function sweetspotJson(args: readonly string[]): Promise<unknown> {
  const child = sweetspot(args);
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new CommandFailed(`sweetspot ${args[0]} ended with exit code ${code}.`);
  return JSON.parse(text);
}

/** A `sweetspot serve` that is warm. */
export interface Served {
  readonly httpPort: number;
  stop(): Promise<void>;
}

/** Serves a plan until `stop`, on free ports of the loopback interface. */
export async function serve(planFile: string): Promise<Served> {
  const child = sweetspot([
    "serve",
    "--plan",
    planFile,
    "--http-port",
    "0",
    "--grpc-port",
    "off",
    "--metrics-port",
    "0",
  ]);
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    if (text.includes("\n")) resolve(text);
  });
  void exited.then(() => reject(new CommandFailed("sweetspot serve ended before it was ready.")));
  const { httpPort } = JSON.parse(await promise) as { httpPort: number };
  return {
    httpPort,
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
    },
  };
}
