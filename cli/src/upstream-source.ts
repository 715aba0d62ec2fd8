import { Name, type ServiceLevelTarget, type ServingPlan } from "@sweetspot/crds";
import type { Command } from "commander";
import { modelNameOf } from "./tune-request.ts";
import { UserError } from "./user-error.ts";
import * as values from "./values.ts";

/** What `serve` is told of another server that computes the batches. */
export interface UpstreamOptions {
  readonly upstream?: string;
  readonly concurrency?: number;
  readonly maximumRows?: number;
  /** False with `--no-measure`. */
  readonly measure: boolean;
  readonly model?: string;
  readonly name?: string;
  readonly plan?: string;
  readonly planDirectory?: string;
  readonly modelDigest?: string;
  readonly tokenizer?: string;
}

export function addUpstreamOptions(command: Command): Command {
  return command
    .option(
      "--upstream <url>",
      "batch in front of another server that speaks the Open Inference Protocol, and has the model that --model names: http, https, grpc or grpcs://HOST:PORT",
    )
    .option(
      "--concurrency <count>",
      "with --upstream: batches that it gets at once (default: as its configuration says, or one for each CPU)",
      values.wholeNumber(1, 256),
    )
    .option(
      "--maximum-rows <count>",
      "with --upstream: rows of a batch at most (default: 16, or what it takes)",
      values.wholeNumber(1, 1024),
    )
    .option("--no-measure", "with --upstream: batch what has one shape, without a few seconds of measuring it first");
}

/** Throws `UserError` where options contradict each other. */
export function checkUpstreamOptions(options: UpstreamOptions): void {
  const { upstream, model, concurrency, maximumRows, measure, plan, planDirectory, modelDigest, tokenizer } = options;
  if (upstream === undefined) {
    if (concurrency === undefined && maximumRows === undefined && measure) return;
    throw new UserError(
      "Usage",
      "--concurrency, --maximum-rows and --no-measure belong to another server. Give --upstream URL too.",
    );
  }
  if (model === undefined) {
    throw new UserError("Usage", "The other server may have many models. Say with --model NAME which one is meant.");
  }
  if ([plan, planDirectory, modelDigest, tokenizer].some((value) => value !== undefined)) {
    throw new UserError(
      "Usage",
      "--upstream goes with --model NAME and the target only. For anything else write a plan whose engine is OpenInference.",
    );
  }
}

/** Makes the plan for another server when the server listens already: the other one may take minutes to start. */
export async function upstreamSource(
  options: UpstreamOptions,
  target: ServiceLevelTarget,
): Promise<() => Promise<ServingPlan>> {
  const { modelAddress } = await import("@sweetspot/sidecar");
  const { upstream = "", model = "" } = options;
  const address = userAddress(() => modelAddress(upstream, model));
  return async () => {
    const { describeArtifact, upstreamPlan, usableCpuCount } = await import("@sweetspot/sidecar");
    const { concurrency, maximumRows } = options;
    const plan = await upstreamPlan({
      address,
      modelName: options.name ?? (Name.safeParse(model).success ? model : modelNameOf(model)),
      target,
      cpus: usableCpuCount(),
      ...(concurrency !== undefined && { concurrency }),
      ...(maximumRows !== undefined && { maximumRows }),
    });
    if (!options.measure) return plan;
    const { measureUpstream } = await import("@sweetspot/tuner");
    const costTable = await measureUpstream(plan, await describeArtifact(plan), new AbortController().signal);
    return costTable === null ? plan : { ...plan, costTable };
  };
}

function userAddress(make: () => string): string {
  try {
    return make();
  } catch (error) {
    throw new UserError("Usage", (error as Error).message);
  }
}
