import { dirname, isAbsolute, join, resolve } from "node:path";
import type { ServingPlan, TuningReport } from "@sweetspot/crds";
import type { PlanPoint } from "@sweetspot/planner";
import { Command } from "commander";
import type { CliContext } from "./context.ts";
import { forecastLines, planForecast } from "./forecast-words.ts";
import { readReport, writeWhole } from "./report-files.ts";
import { addTargetOptions, type TargetOptions, targetOf } from "./target-options.ts";
import { rateOf, tunedModel, workloadOf } from "./tuned-model.ts";
import * as values from "./values.ts";

interface ReplanOptions extends TargetOptions {
  readonly rate?: values.Rate;
  readonly lengths?: string;
  readonly out?: string;
  readonly json?: boolean;
}

const searchMilliseconds = 1500;

/** `sweetspot replan DIR`: a new plan for new traffic or a new target, from the tables that were measured already. */
export const replanCommand = (context: CliContext): Command =>
  addTargetOptions(
    new Command("replan")
      .description("Plan anew for another mix of lengths or target from the tables of a tuning, without measuring")
      .argument("<dir>", "the folder that tuning wrote, or its report.json"),
  )
    .option("--rate <rate>", "requests per second of one server, or a multiple of the usual: 250, 2x", values.parseRate)
    .option("--lengths <file>", "another mix: one length a line, each equally likely")
    .option("--out <file>", "write the plan to this file, for sweetspot serve --plan")
    .option("--json", "print the plan as one JSON document")
    .action((path: string, options: ReplanOptions) => runReplan(path, options, context));

async function runReplan(path: string, options: ReplanOptions, { terminal }: CliContext): Promise<void> {
  const { report, directory } = await readReport(path);
  const model = tunedModel(report);
  const [{ forecast, replan, timeFactor }, tuner] = await Promise.all([
    import("@sweetspot/planner"),
    import("@sweetspot/tuner"),
  ]);
  const target = targetOf(options, model.target);
  const shapes = await workloadOf(options.lengths, report, model);
  const asked = { serviceLevel: target, requestsPerSecond: rateOf(options.rate, model) };
  const end = performance.now() + searchMilliseconds;
  // The plan names one model file, and the folder holds no other variant's.
  const tables = model.tables.filter(({ variant }) => variant === model.current.variant);
  const { best, current, changed } = replan({
    ...model,
    tables,
    target,
    shapes,
    stop: () => performance.now() > end,
  });
  const plan = planOf(report, best.point, target, tuner.nameOf(best.point));
  if (options.out !== undefined) {
    await writeWhole(options.out, `${JSON.stringify(moved(plan, directory ?? dirname(path), options.out), null, 2)}\n`);
    terminal.error(`Wrote ${options.out}\n`);
  }
  if (options.json) {
    terminal.out(`${JSON.stringify(plan, null, 2)}\n`);
    return;
  }
  const lines = [best, ...(changed && current !== null ? [current] : [])].flatMap(({ point }, i) => {
    const factor = timeFactor({ ...model, measuredCpus: model.cpus }, point);
    const words = planForecast(
      { point, forecast: forecast(point, { target, shapes, seed: model.seed, ...asked }, factor) },
      asked,
      tuner,
    );
    const title = i === 0 ? (changed ? "New plan" : "The plan stays") : "The plan as it is";
    return [`${title}: ${words.summary}`, ...forecastLines(words, asked, tuner)];
  });
  terminal.out(`${lines.join("\n")}\nSimulated from the measured tables; in brackets 95 % intervals.\n`);
}

/** The report's plan with another layout, policy and target; its revision tells it from the one before. */
function planOf(
  { decision: { plan } }: TuningReport,
  { layout, policy, table }: PlanPoint,
  target: ServingPlan["serviceLevel"],
  name: string,
): ServingPlan {
  const { percentile, latencyMilliseconds } = target;
  const revision = `${name}-${percentile.toLowerCase()}-${latencyMilliseconds}ms`;
  return { ...plan, revision, layout, batching: policy, serviceLevel: target, costTable: table };
}

/** Paths in a plan are relative to its own file: in another folder they become absolute. */
function moved(plan: ServingPlan, from: string, file: string): ServingPlan {
  if (resolve(dirname(file)) === resolve(from)) return plan;
  const absolute = (path: string) => (isAbsolute(path) ? path : resolve(join(from, path)));
  const { recipe } = plan.artifact;
  const made = recipe && { recipe: { file: absolute(recipe.file), source: absolute(recipe.source) } };
  return { ...plan, artifact: { ...plan.artifact, file: absolute(plan.artifact.file), ...made } };
}
