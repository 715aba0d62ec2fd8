import type { Percentile, TuningQuestion } from "@sweetspot/crds";
import { defaultVariants } from "../variants/catalogue.ts";
import { figure } from "./format.ts";

const options: Readonly<Record<Percentile, string>> = {
  P50: "--p50",
  P90: "--p90",
  P95: "--p95",
  P99: "--p99",
  P999: "--p999",
};

/** The command that asks the same question again. Files are named as placeholders: a report holds no path. */
export function tuneCommand(question: TuningQuestion): string {
  const { model, task, serviceLevel, quality, workload, variants, supplied = [], budgetSeconds, seed } = question;
  const parts = [
    "sweetspot tune MODEL.onnx",
    `${options[serviceLevel.percentile]} ${serviceLevel.latencyMilliseconds}ms`,
    `--name ${model.name}`,
    `--task ${task}`,
    `--budget ${budgetSeconds}s`,
    `--seed ${seed}`,
    `--max-quality-loss ${figure(quality.maximumLossBasisPoints / 100)}%`,
  ];
  if (quality.mode === "Unchecked") parts.push("--unchecked-quality");
  if (workload.source === "Samples") parts.push("--samples SAMPLES");
  if (workload.requestsPerSecond !== null) parts.push(`--rate ${workload.requestsPerSecond}`);
  const usual = defaultVariants(budgetSeconds);
  if (variants.join() !== usual.join()) parts.push(`--variants ${variants.join(",")}`);
  for (const { name } of supplied) parts.push(`--variant ${name}=FILE`);
  return parts.join(" \\\n  ");
}
