import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import type { ServiceLevelTarget, ServingPlan } from "@sweetspot/crds";
import { Command } from "commander";
import type { CliContext } from "./context.ts";
import { exitCode } from "./exit-codes.ts";
import { watchInterrupts } from "./interrupts.ts";
import { serverLog } from "./server-log.ts";
import { addTargetOptions, type TargetOptions, targetOf } from "./target-options.ts";
import { modelNameOf } from "./tune-request.ts";
import { UserError } from "./user-error.ts";
import * as values from "./values.ts";

interface ServeOptions extends TargetOptions {
  readonly model?: string;
  readonly plan?: string;
  readonly name?: string;
  readonly host: string;
  readonly httpPort: number;
  readonly metricsPort: number;
  readonly json?: boolean;
}

/** What a model without a target is held to: it decides only what counts as late. */
const defaultTarget: ServiceLevelTarget = { percentile: "P99", latencyMilliseconds: 1000 };

/** `sweetspot serve`: serves a model as it is, or a plan that tuning made, until it is told to stop. */
export function serveCommand(context: CliContext): Command {
  const port = values.wholeNumber(0, 65_535);
  const command = new Command("serve")
    .description("Serve a model over the Open Inference Protocol, as it is or by a plan")
    .option("--model <file>", "an ONNX model, served with a safe plan: right answers, no batching")
    .option("--plan <file>", "a plan.json that tuning wrote; a newer one is taken without a restart")
    .option("--name <name>", "name of the model, with --model (default: from the file)", values.parseName)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--http-port <port>", "port for inference; 0 takes any", port, 8000)
    .option("--metrics-port <port>", "port for metrics and the service level report; 0 takes any", port, 8002)
    .option("--json", "print one JSON document when it is ready");
  return addTargetOptions(command).action((options: ServeOptions) => runServe(options, context));
}

async function runServe(options: ServeOptions, context: CliContext): Promise<void> {
  checkOptions(options);
  const { terminal } = context;
  const { startSidecar } = await import("@sweetspot/sidecar");
  const plan = await planOf(options);
  const stopped = Promise.withResolvers<void>();
  const interrupts = watchInterrupts(
    () => stopped.resolve(),
    () => context.endNow(exitCode("Interrupted")),
    context.signals,
  );
  try {
    const { host, httpPort, metricsPort } = options;
    const planFile = options.plan === undefined ? {} : { planFile: resolve(options.plan) };
    const log = serverLog(terminal);
    const sidecar = await startSidecar({ plan, ...planFile, host, httpPort, metricsPort, log });
    terminal.out(readyText(plan, options, sidecar));
    await stopped.promise;
    terminal.error("Draining; press Ctrl-C again to end at once.\n");
    await sidecar.close();
  } finally {
    interrupts.release();
  }
}

function checkOptions(options: ServeOptions): void {
  if ((options.model === undefined) === (options.plan === undefined)) {
    throw new UserError("Usage", "Give either --model FILE or --plan FILE.");
  }
  const { p50, p90, p95, p99, p999, name } = options;
  if (options.plan !== undefined && [p50, p90, p95, p99, p999, name].some((value) => value !== undefined)) {
    throw new UserError("Usage", "A plan has a name and a target of its own. Leave out --name and the target.");
  }
}

async function planOf(options: ServeOptions): Promise<ServingPlan> {
  const { loadPlan, safePlan } = await import("@sweetspot/sidecar");
  if (options.plan !== undefined) return loadPlan(resolve(options.plan));
  const model = options.model ?? "";
  const name = options.name ?? modelNameOf(model);
  return safePlan(resolve(model), name, targetOf(options, defaultTarget), availableParallelism());
}

function readyText(
  plan: ServingPlan,
  { host, json }: ServeOptions,
  { httpPort, metricsPort }: { readonly httpPort: number; readonly metricsPort: number },
): string {
  const { modelName, revision } = plan;
  if (json) {
    return `${JSON.stringify({ ready: true, host, httpPort, metricsPort, model: modelName, revision })}\n`;
  }
  const at = host.includes(":") ? `[${host}]` : host;
  return (
    `Serving ${modelName} (plan ${revision}) at http://${at}:${httpPort}/v2/models/${modelName}, ` +
    `metrics at http://${at}:${metricsPort}/metrics\n`
  );
}
