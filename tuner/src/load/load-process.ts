import { readFile } from "node:fs/promises";
import { LoadGenerator } from "./generator.ts";
import { type LoadAnswer, LoadCommand } from "./load-messages.ts";
import { decodeMix } from "./request-mix.ts";

// The child program of `LoadClient`: reads the mix named by its one argument, then runs the jobs that its parent sends.

let stop = new AbortController();

function answer(message: LoadAnswer): void {
  process.send?.(message);
}

async function obey(message: unknown, generator: LoadGenerator): Promise<void> {
  const command = LoadCommand.parse(message);
  if (command.type === "stop") return stop.abort();
  stop = new AbortController();
  try {
    answer({ type: "report", id: command.id, report: await generator.run(command.job, stop.signal) });
  } catch (error) {
    answer({ type: "failed", id: command.id, message: String(error).slice(0, 4096) });
  }
}

async function main(): Promise<void> {
  // No load without the one who asked for it: when the parent is gone, so is the channel.
  process.on("disconnect", () => process.exit(0));
  // Ctrl-C reaches the whole process group; the parent decides what becomes of the run.
  process.on("SIGINT", () => {});
  const mix = decodeMix(await readFile(process.argv[2] ?? ""));
  const generator = new LoadGenerator(mix);
  process.on("message", (message) => void obey(message, generator));
  answer({ type: "ready", requestsInMix: mix.requests.length });
}

await main();
