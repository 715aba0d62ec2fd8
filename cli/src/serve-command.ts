import { resolve } from "node:path";
import type { Embedding, ServiceLevelTarget, ServingPlan } from "@sweetspot/crds";
import type { PlanSources, Sidecar } from "@sweetspot/sidecar";
import { Command } from "commander";
import type { CliContext } from "./context.ts";
import { exitCode } from "./exit-codes.ts";
import { watchInterrupts } from "./interrupts.ts";
import { checkModelDigest, parseDigest } from "./model-digest.ts";
import { serverLog } from "./server-log.ts";
import { addTargetOptions, type TargetOptions, targetOf } from "./target-options.ts";
import { modelNameOf } from "./tune-request.ts";
import { addUpstreamOptions, checkUpstreamOptions, type UpstreamOptions, upstreamSource } from "./upstream-source.ts";
import { UserError } from "./user-error.ts";
import * as values from "./values.ts";

interface ServeOptions extends TargetOptions, UpstreamOptions {
  readonly model?: string;
  readonly plan?: string;
  readonly planDirectory?: string;
  readonly trial?: string;
  readonly artifacts?: string;
  readonly name?: string;
  readonly tokenizer?: string;
  readonly embeddingOutput?: string;
  readonly pooling?: Embedding["pooling"];
  readonly modelDigest?: string;
  readonly host?: string;
  readonly httpPort: number;
  readonly grpcPort: number | "off";
  readonly metricsPort: number;
  readonly drainDelay: number;
  readonly json?: boolean;
}

/** A server of its own is for this machine; one that follows a plan directory sits in a pod and is called from outside. */
const hosts = { alone: "127.0.0.1", inPod: "0.0.0.0" } as const;

/** What a model without a target is held to: it decides only what counts as late. */
const defaultTarget: ServiceLevelTarget = { percentile: "P99", latencyMilliseconds: 1000 };

const poolings = ["None", "Mean", "Cls", "LastToken"] as const satisfies readonly Embedding["pooling"][];

/** `sweetspot serve`: serves a model as it is, or a plan that tuning made, until it is told to stop. */
export function serveCommand(context: CliContext): Command {
  const port = values.wholeNumber(0, 65_535);
  // Commander makes an empty text of null.
  const portOrOff = (text: string): number | "off" => (text === "off" ? text : port(text));
  const command = new Command("serve")
    .description("Serve a model over the Open Inference Protocol, as it is or by a plan")
    .option("--model <file>", "an ONNX model, served with a safe plan: right answers, no batching")
    .option("--plan <file>", "a plan.json that tuning wrote; a newer one is taken without a restart")
    .option(
      "--plan-directory <dir>",
      "a folder whose files selected and active hold plans; newer ones are taken without a restart",
    )
    .option("--trial <file>", "with --plan or --model: a PlanTrial, tried beside the plan while the file holds one")
    .option("--artifacts <dir>", "with --plan or --plan-directory: the artifact store to take missing model files from")
    .option(
      "--name <name>",
      "name of the model, with --model (default: from the file, or that of --upstream)",
      values.parseName,
    )
    .option("--tokenizer <file>", "with --model: its tokenizer.json, to take texts and to serve /v1/embeddings")
    .option("--embedding-output <name>", "with --tokenizer: the output that embeddings are made of")
    .option(
      "--pooling <kind>",
      `with --tokenizer: ${poolings.join(", ")} (default: by the output's shape)`,
      values.oneWord(poolings),
    )
    .option("--model-digest <digest>", "with --model: serve no other file than this one", parseDigest)
    .option("--host <address>", `address to listen on (default: ${hosts.alone}; with --plan-directory ${hosts.inPod})`)
    .option("--http-port <port>", "port for inference; 0 takes any", port, 8000)
    .option("--grpc-port <port>", "port for inference over gRPC; 0 takes any, off does without", portOrOff, 8001)
    .option("--metrics-port <port>", "port for metrics and the service level report; 0 takes any", port, 8002)
    .option(
      "--drain-delay <duration>",
      "how long it still accepts requests when it is told to stop, with readiness off",
      values.parseDelay,
      0,
    )
    .option("--json", "print one JSON document when it is ready");
  return addTargetOptions(addUpstreamOptions(command)).action((options: ServeOptions) => runServe(options, context));
}

async function runServe(options: ServeOptions, context: CliContext): Promise<void> {
  checkOptions(options);
  const { terminal } = context;
  const { startSidecar } = await import("@sweetspot/sidecar");
  const host = options.host ?? (options.planDirectory === undefined ? hosts.alone : hosts.inPod);
  const { httpPort, metricsPort, drainDelay } = options;
  const grpcPort = options.grpcPort === "off" ? null : options.grpcPort;
  const sources = await sourcesOf(options);
  const stopped = Promise.withResolvers<void>();
  const interrupts = watchInterrupts(
    () => stopped.resolve(),
    () => context.endNow(exitCode("Interrupted")),
    context.signals,
  );
  try {
    const sidecar = await startSidecar({ ...sources, host, httpPort, grpcPort, metricsPort, log: serverLog(terminal) });
    terminal.out(readyText(sidecar, host, options.json));
    await stopped.promise;
    terminal.error("Draining; press Ctrl-C again to end at once.\n");
    await sidecar.close({ delayMilliseconds: drainDelay });
  } finally {
    interrupts.release();
  }
}

function checkOptions(options: ServeOptions): void {
  const { p50, p90, p95, p99, p999, name, model, modelDigest, plan, planDirectory, trial, artifacts } = options;
  checkUpstreamOptions(options);
  if (plan !== undefined && (model !== undefined || planDirectory !== undefined)) {
    throw new UserError("Usage", "A plan names its model, and nothing else is served. Give --plan FILE alone.");
  }
  if (plan === undefined && model === undefined && planDirectory === undefined) {
    throw new UserError(
      "Usage",
      "Give either --model FILE or --plan FILE, or --plan-directory DIR with or without --model.",
    );
  }
  if (trial !== undefined && planDirectory !== undefined) {
    throw new UserError("Usage", "A plan directory has a file named trial of its own. Leave out --trial.");
  }
  if (artifacts !== undefined && plan === undefined && planDirectory === undefined) {
    throw new UserError("Usage", "Only a plan names what an artifact store holds. Leave out --artifacts.");
  }
  if (model === undefined && [p50, p90, p95, p99, p999, name, modelDigest].some((value) => value !== undefined)) {
    throw new UserError(
      "Usage",
      "A plan has a name and a target of its own. Leave out --name, --model-digest and the target.",
    );
  }
  checkTextOptions(options);
}

function checkTextOptions({ model, tokenizer, embeddingOutput, pooling }: ServeOptions): void {
  if (model === undefined && tokenizer !== undefined) {
    throw new UserError(
      "Usage",
      "A plan has a pipeline of its own. Leave out --tokenizer, or add a pipeline to the plan.",
    );
  }
  if (tokenizer === undefined && (embeddingOutput !== undefined || pooling !== undefined)) {
    throw new UserError("Usage", "Embeddings are made of texts. Give --tokenizer FILE too.");
  }
}

/** What the server serves, and what it follows. */
async function sourcesOf(options: ServeOptions): Promise<PlanSources> {
  if (options.upstream !== undefined) return { plan: await upstreamSource(options, targetOf(options, defaultTarget)) };
  const { loadPlan } = await import("@sweetspot/sidecar");
  const trial = options.trial === undefined ? {} : { trialFile: resolve(options.trial) };
  const store = options.artifacts === undefined ? {} : { artifactStore: resolve(options.artifacts) };
  if (options.plan !== undefined) {
    const planFile = resolve(options.plan);
    return { plan: await loadPlan(planFile, store.artifactStore), planFile, ...trial, ...store };
  }
  if (options.planDirectory === undefined) return { plan: await modelPlan(options), ...trial };
  const planDirectory = resolve(options.planDirectory);
  return options.model === undefined
    ? { planDirectory, ...store }
    : { plan: () => modelPlan(options), planDirectory, ...store };
}

async function modelPlan(options: ServeOptions): Promise<ServingPlan> {
  const { safePlan, usableCpuCount, withTextPipeline } = await import("@sweetspot/sidecar");
  const model = options.model ?? "";
  const name = options.name ?? modelNameOf(model);
  await checkModelDigest(resolve(model), options.modelDigest);
  const plan = await safePlan(resolve(model), name, targetOf(options, defaultTarget), usableCpuCount());
  const { tokenizer, embeddingOutput, pooling } = options;
  if (tokenizer === undefined) return plan;
  return withTextPipeline(plan, {
    tokenizer,
    ...(embeddingOutput !== undefined && { embeddingOutput }),
    ...(pooling !== undefined && { pooling }),
  });
}

function readyText({ httpPort, grpcPort, metricsPort, report }: Sidecar, host: string, json = false): string {
  const { modelName, planRevision: revision } = report();
  if (json) {
    return `${JSON.stringify({ ready: true, host, httpPort, grpcPort, metricsPort, model: modelName, revision })}\n`;
  }
  const at = host.includes(":") ? `[${host}]` : host;
  return (
    `Serving ${modelName} (plan ${revision}) at http://${at}:${httpPort}/v2/models/${modelName}, ` +
    (grpcPort === null ? "" : `gRPC at ${at}:${grpcPort}, `) +
    `metrics at http://${at}:${metricsPort}/metrics\n`
  );
}
