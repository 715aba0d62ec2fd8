import { apiVersion, type TuningReport, type WhatIfAnswer } from "@sweetspot/crds";
import { Command } from "commander";
import type { CliContext } from "./context.ts";
import { forecastLines, planForecast } from "./forecast-words.ts";
import { readReport } from "./report-files.ts";
import { addTargetOptions, type TargetOptions, targetOf } from "./target-options.ts";
import { rateOf, tunedModel, workloadOf } from "./tuned-model.ts";
import { UserError } from "./user-error.ts";
import * as values from "./values.ts";

export interface WhatIfOptions extends TargetOptions {
  readonly rate?: values.Rate;
  readonly cpu?: number;
  readonly lengths?: string;
  readonly json?: boolean;
}

/** The search is ended here; work-conserving plans, of which the best one is nearly always one, come first. */
const searchMilliseconds = 2000;

/** `sweetspot what-if DIR`: what the tuned model would do with another rate, target or number of CPUs. */
export const whatIfCommand = ({ terminal }: CliContext): Command =>
  addQuestions(
    new Command("what-if")
      .description("Forecast another rate, target or number of CPUs from the tables of a tuning, without measuring")
      .argument("<dir>", "the folder that tuning wrote, or its report.json"),
  ).action(async (path: string, options: WhatIfOptions) => {
    const { report } = await readReport(path);
    terminal.out(await answerWhatIf(report, options));
  });

/** The options that say what is asked. */
export const addQuestions = (command: Command): Command =>
  addTargetOptions(command)
    .option("--rate <rate>", "requests per second of one server, or a multiple of the usual: 250, 2x", values.parseRate)
    .option("--cpu <number>", "CPUs of one server", values.wholeNumber(1, 1024))
    .option("--lengths <file>", "another mix: one length a line, each equally likely")
    .option("--json", "print the answer as one JSON document");

/** The answer as it is printed. Throws `UserError` for a question that the report cannot answer. */
export async function answerWhatIf(report: TuningReport, options: WhatIfOptions): Promise<string> {
  const model = tunedModel(report);
  const [{ whatIf }, tuner] = await Promise.all([import("@sweetspot/planner"), import("@sweetspot/tuner")]);
  const asked = {
    serviceLevel: targetOf(options, model.target),
    requestsPerSecond: rateOf(options.rate, model),
    cpus: options.cpu ?? model.cpus,
  };
  const shapes = await workloadOf(options.lengths, report, model);
  const end = performance.now() + searchMilliseconds;
  const found = orUserError(() =>
    whatIf({
      ...model,
      shapes,
      target: asked.serviceLevel,
      requestsPerSecond: asked.requestsPerSecond,
      cpus: asked.cpus,
      measuredCpus: model.cpus,
      stop: () => performance.now() > end,
    }),
  );
  const answer: WhatIfAnswer = {
    apiVersion,
    kind: "WhatIfAnswer",
    asked,
    current: found.current === null ? null : planForecast(found.current, asked, tuner),
    best: planForecast(found.best, asked, tuner),
  };
  return options.json ? `${JSON.stringify(answer, null, 2)}\n` : `${inWords(answer, model.cpus, tuner)}\n`;
}

/** The only thing that cannot be imagined is a server that is too small for all that was measured. */
function orUserError<T>(answer: () => T): T {
  try {
    return answer();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError("BadInput", "No engine that was measured fits into so few CPUs. Tune with fewer CPUs.");
  }
}

function inWords(answer: WhatIfAnswer, measuredCpus: number, tuner: typeof import("@sweetspot/tuner")): string {
  const { asked, current, best } = answer;
  const lines: string[] = [];
  if (current !== null) lines.push(`As it is: ${current.summary}`, ...forecastLines(current, asked, tuner));
  if (current?.summary === best.summary) lines.push("No other plan does better.");
  else lines.push(`Best plan: ${best.summary}`, ...forecastLines(best, asked, tuner));
  lines.push("Simulated from the measured tables; in brackets 95 % intervals.");
  if (asked.cpus !== measuredCpus) {
    lines.push(`Measured with ${measuredCpus} CPUs: how engines slow each other down with ${asked.cpus} is a guess.`);
  }
  return lines.join("\n");
}
