import * as z from "zod";
import { Percentile } from "../common.ts";
import { QualityMetric } from "../tuning-question.ts";
import type { ModelReference } from "./model.ts";
import { relativePathPattern } from "./model-uri.ts";
import { objectName } from "./object-name.ts";
import { type Rule, withRules } from "./rules.ts";

const Rate = z.int().min(1).max(1_000_000);

export const ServiceLevel = z
  .object({
    percentile: Percentile.default("P99").describe(
      "Share of the requests that must be answered in time: P50, P90, P95, P99 (99 %) or P999 (99.9 %). Late, refused, expired and failed requests all count as missed; invalid requests and clients that leave do not count.",
    ),
    latencyMilliseconds: z
      .int()
      .min(1)
      .max(600_000)
      .describe("Time within which they must be answered, in milliseconds, from arrival at the server to the answer."),
    minimumRequestsPerSecond: Rate.optional().describe(
      "Requests per second that all replicas together must carry within the target. When the measured capacity is lower, ServiceLevelMet says how many replicas it would take. No minimum when absent.",
    ),
  })
  .describe(
    "What users of the model are promised: 99 % of the requests within 50 ms is `{percentile: P99, latencyMilliseconds: 50}`.",
  );
export type ServiceLevel = z.infer<typeof ServiceLevel>;

export const Quality = z
  .object({
    metric: QualityMetric.optional().describe(
      "How the answers of a variant are held against the source's, per sample: CosineSimilarity of the outputs, Top1Agreement of the top class, LabelAccuracy against labels in the samples, TextAgreement of decoded texts. Chosen by model.task when absent.",
    ),
    maximumLossBasisPoints: z
      .int()
      .min(0)
      .max(10_000)
      .default(100)
      .describe("Most that a variant may lose against the source by that metric, in basis points: 100 is 1 %."),
    mode: z
      .enum(["Enforce", "Unchecked"])
      .default("Enforce")
      .describe(
        "`Enforce`: a lossy variant wins only with proof from representative samples that it loses no more. `Unchecked`: it may win without proof.",
      ),
  })
  .describe("How much worse the answers may become for the sake of speed.");
export type Quality = z.infer<typeof Quality>;

const sampleEnding = "\\.(jsonl|txt)$";

const ConfigMapKey = z.object({
  name: objectName("ConfigMap").describe("Name of a ConfigMap in the same namespace."),
  key: z
    .string()
    .max(253)
    .regex(new RegExp(`^[A-Za-z0-9_-][A-Za-z0-9._-]*${sampleEnding}`), "expected a key that ends in .jsonl or .txt")
    .describe("Key of its data that holds the samples. It ends in .jsonl or .txt, which says what they are."),
});

export const Samples = withRules(
  z.object({
    configMap: ConfigMapKey.optional().describe("A key of a ConfigMap. A ConfigMap holds at most 1 MiB."),
    file: z
      .string()
      .max(256)
      .regex(
        new RegExp(relativePathPattern.replace("$", sampleEnding)),
        "expected a relative path that ends in .jsonl or .txt",
      )
      .optional()
      .describe("Path of a file inside the model's source: `samples/requests.jsonl`. It ends in .jsonl or .txt."),
  }),
  [
    {
      name: "ExactlyOneSampleSource",
      holds: ({ configMap, file }) => (configMap === undefined) !== (file === undefined),
      cel: "has(self.configMap) != has(self.file)",
      message: "Name exactly one of configMap and file.",
    },
  ],
);

export const Workload = z
  .object({
    samples: Samples.optional().describe(
      "Representative inputs: `.jsonl` is one inference request of the Open Inference Protocol a line, with an optional `label`; `.txt` is one text a line. Without samples inputs are made up within safe bounds, and under quality.mode Enforce no lossy variant may win.",
    ),
    requestsPerSecond: Rate.optional().describe(
      "Requests per second that one replica should carry, where you know it. Latency is then confirmed at this rate.",
    ),
  })
  .describe("What is asked of the model. Lengths, values and rate decide which batching and which variant win.");
export type Workload = z.infer<typeof Workload>;

/** The path of samples, whichever source they come from; undefined without samples. */
export const samplesPathOf = (workload: Workload): string | undefined =>
  workload.samples?.file ?? workload.samples?.configMap?.key;

const samplesAreTexts = [
  "(has(self.workload.samples.file) && self.workload.samples.file.endsWith('.txt'))",
  "(has(self.workload.samples.configMap) && self.workload.samples.configMap.key.endsWith('.txt'))",
].join(" || ");

/** Texts become tensors by the model's tokenizer only. */
export const textsNeedTokenizer: Rule<{ model: ModelReference; workload: Workload }> = {
  name: "TextsNeedTokenizer",
  holds: ({ model, workload }) => model.tokenizer !== undefined || samplesPathOf(workload)?.endsWith(".txt") !== true,
  cel: `has(self.model.tokenizer) || !has(self.workload.samples) || !(${samplesAreTexts})`,
  message: "Samples that are texts (.txt) need model.tokenizer.",
  field: "workload",
};

/** Labels come with samples only. */
export const labelsNeedSamples: Rule<{ quality: Quality; workload: Workload }> = {
  name: "LabelsNeedSamples",
  holds: ({ quality, workload }) => quality.metric !== "LabelAccuracy" || workload.samples !== undefined,
  cel: "!has(self.quality.metric) || self.quality.metric != 'LabelAccuracy' || has(self.workload.samples)",
  message: "Metric LabelAccuracy needs workload.samples with labels.",
  field: "quality",
};
