import type { LoadReport } from "@sweetspot/crds";
import type { ModelSignature, Tensor } from "@sweetspot/sidecar";
import type { LoadClient, LoadJob } from "@sweetspot/tuner";
import { Command } from "commander";
import type { CommandContext } from "./context.ts";
import { exitCode } from "./exit-codes.ts";
import { watchInterrupts } from "./interrupts.ts";
import { loadTable } from "./load-table.ts";
import { addTargetOptions, type TargetOptions, targetOf } from "./target-options.ts";
import { UserError } from "./user-error.ts";
import * as values from "./values.ts";

interface LoadOptions extends TargetOptions {
  readonly rate?: number;
  readonly connections?: number;
  readonly duration: number;
  readonly warmup: number;
  readonly samples?: string;
  readonly tokenizer?: string;
  readonly modelName?: string;
  readonly format: "binary" | "json";
  readonly seed: number;
  readonly json?: boolean;
}

/** Requests that are made up where the user gave none. */
const synthesisedRequests = 64;

/** `sweetspot load URL`: sends load from a process of its own and says how the server did. */
export function loadCommand(context: CommandContext): Command {
  const command = new Command("load")
    .description("Load a server of the Open Inference Protocol and report latency from the intended start")
    .argument("<url>", "the server, or its model: http://127.0.0.1:8000/v2/models/NAME")
    .option("--rate <number>", "requests per second, as Poisson arrivals", values.parsePositive)
    .option(
      "--connections <number>",
      "instead of a rate: so many clients in a closed loop",
      values.wholeNumber(1, 4096),
    )
    .option("--duration <duration>", "how long to measure", values.parseDuration, 10_000)
    .option("--warmup <duration>", "load before that, which does not count", values.parseDuration, 1000)
    .option("--samples <file>", "inputs: .jsonl (inference requests) or .txt (one text a line); else made up")
    .option("--tokenizer <file>", "the model's tokenizer.json, for texts")
    .option("--model-name <name>", "which model, where the address does not say", values.parseName)
    .option("--format <format>", "how tensors are sent: binary, json", values.oneWord(["binary", "json"]), "binary")
    .option("--seed <number>", "seed of arrivals and of made-up inputs", values.wholeNumber(0, 2 ** 31 - 1), 1)
    .option("--json", "print the report as one JSON document");
  return addTargetOptions(command).action((url: string, options: LoadOptions) => runLoad(url, options, context));
}

async function runLoad(url: string, options: LoadOptions, context: CommandContext): Promise<void> {
  const stage = stageOf(options);
  const target = targetOf(options);
  const tuner = await import("@sweetspot/tuner");
  let client: LoadClient | undefined;
  const interrupts = watchInterrupts(
    () => client?.stop(),
    () => context.endNow(exitCode("Interrupted")),
    context.signals,
  );
  try {
    const model = await tuner.describeRemoteModel(url, options.modelName);
    const requests = await requestsOf(options, model.signature);
    client = await tuner.LoadClient.start(tuner.prepareMix(requests, options.format));
    const warmup = { ...stage, seconds: options.warmup / 1000 };
    const job = { url: model.inferUrl, target, seed: options.seed, stages: [warmup, stage] };
    const report = interrupts.signal.aborted ? null : await client.run(job);
    present(report, options, context, tuner);
    if (interrupts.signal.aborted) context.endWith("Interrupted");
  } finally {
    interrupts.release();
    await client?.close();
  }
}

function present(
  report: LoadReport | null,
  { json }: LoadOptions,
  { terminal }: CommandContext,
  tuner: typeof import("@sweetspot/tuner"),
): void {
  const stages = report?.stages.slice(1) ?? [];
  if (report === null || stages.length === 0) {
    throw new UserError("Interrupted", "Stopped before anything was measured. Run again, or shorten --warmup.");
  }
  const measured = { ...report, stages };
  terminal.out(json ? `${JSON.stringify(measured, null, 2)}\n` : `${loadTable(measured, tuner)}\n`);
}

function stageOf({ rate, connections, duration }: LoadOptions): LoadJob["stages"][number] {
  const seconds = duration / 1000;
  if (rate !== undefined && connections === undefined) return { requestsPerSecond: rate, seconds };
  if (connections !== undefined && rate === undefined) return { connections, seconds };
  throw new UserError("Usage", "Give either --rate (open loop) or --connections (closed loop).");
}

async function requestsOf(
  { samples, tokenizer, seed }: LoadOptions,
  signature: ModelSignature,
): Promise<(readonly Tensor[])[]> {
  const [{ loadSamples, synthesise }, { seededRandom }] = await Promise.all([
    import("@sweetspot/tuner"),
    import("@sweetspot/planner"),
  ]);
  const set =
    samples === undefined
      ? synthesise(signature, synthesisedRequests, seededRandom(seed))
      : await loadSamples(samples, signature, tokenizer === undefined ? {} : { tokenizer });
  return set.samples.map(({ inputs }) => inputs);
}
