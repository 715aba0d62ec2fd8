import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  packRecipe,
  readRecords,
  readTuningResult,
  sha256,
  TuningReport,
  type VariantName,
  writeTuningResult,
} from "@sweetspot/crds";
import { materialiseVariant } from "@sweetspot/sidecar";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { embeddingModel, writeOnnx } from "../../../test/src/builders/onnx-model.ts";
import { endedEarly } from "../decision/findings.ts";
import { deliveryOf, failure } from "./deliver.ts";
import { answerMessage } from "./message.ts";

let directory: string;
let modelFile: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sweetspot-delivery-"));
  modelFile = await writeOnnx(embeddingModel());
  await mkdir(join(directory, "variants"));
  await copyFile(modelFile, join(directory, "variants", "made.onnx"));
});
afterEach(() => rm(directory, { recursive: true }));

const golden = async (): Promise<TuningReport> =>
  TuningReport.parse(
    JSON.parse(await readFile(new URL("../../../crds/samples/TuningReport.json", import.meta.url), "utf8")),
  );

/** The golden report with a winner of this variant, whose file lies in the results folder. */
async function won(variant: VariantName, digest?: string): Promise<TuningReport> {
  const report = await golden();
  const artifact = {
    variant,
    engine: "OnnxRuntime",
    file: "variants/made.onnx",
    digest: digest ?? sha256(await readFile(modelFile)),
  } as const;
  return { ...report, decision: { ...report.decision, plan: { ...report.decision.plan, artifact } } };
}

describe("the delivery of an answer", () => {
  it("carries all that another node needs to make the winner's file again", async () => {
    const report = await won("INT8Dynamic");
    const { result, lines } = await deliveryOf(report, { directory, modelFile });
    const { records, problems } = readRecords(lines.join("\n"));
    expect(problems).toEqual([]);
    const recipe = records.find(({ kind }) => kind === "VariantRecipe");
    if (recipe?.kind !== "VariantRecipe") expect.fail("no recipe");
    expect(result).toMatchObject({ recipeDigest: recipe.digest, variant: "INT8Dynamic" });
    // What the operator stores is what the pods read.
    expect(Buffer.from(packRecipe(recipe.document))).toEqual(Buffer.from(recipe.gzip));
    const elsewhere = { file: join(directory, "elsewhere.onnx"), recipe: join(directory, "recipe"), source: modelFile };
    await writeFile(elsewhere.recipe, recipe.gzip);
    const { digest } = report.decision.plan.artifact;
    await materialiseVariant({ variant: "INT8Dynamic", digest, ...elsewhere });
    expect(sha256(await readFile(elsewhere.file))).toBe(digest);
  });

  it("has the load of the confirming run, and how many requests were under way at it", async () => {
    const report = await won("Source");
    const { result } = await deliveryOf(report, { directory, modelFile });
    const { offeredRequestsPerSecond, concurrency } = report.decision.confirmation ?? {};
    expect(concurrency).toBeGreaterThan(0);
    expect(readTuningResult(writeTuningResult(result))).toMatchObject({
      confirmation: { offeredRequestsPerSecond, concurrency },
    });
  });

  it("needs no recipe for the source, which every pod has", async () => {
    const { result, lines } = await deliveryOf(await won("Source"), { directory, modelFile });
    expect(readRecords(lines.join("\n")).records.map(({ kind }) => kind)).toEqual(["TuningReport"]);
    expect(result).toMatchObject({ recipeDigest: null, message: expect.not.stringContaining("again") });
  });

  it("says so where the winner cannot be made again", async () => {
    const { result } = await deliveryOf(await won("INT8Dynamic", sha256("other")), { directory, modelFile });
    expect(result).toMatchObject({ recipeDigest: null, message: expect.stringContaining("cannot be made again") });
  });

  it("fits into a termination message, whatever the sentences are", async () => {
    const report = await won("Source");
    const long = { ...report, decision: { ...report.decision, reason: "\u0001ü€\u{1F600}".repeat(200) } };
    const { result } = await deliveryOf(long, { directory, modelFile });
    const text = writeTuningResult(result);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
    expect(readTuningResult(text)).toMatchObject({ state: "Succeeded", planDigest: expect.any(String) });
    expect(readTuningResult(writeTuningResult(failure("x".repeat(9000))))).toMatchObject({ state: "Failed" });
    expect(readTuningResult(writeTuningResult(failure(" ")))).toMatchObject({ message: expect.stringMatching(/\w/) });
  });
});

describe("the answer in a sentence", () => {
  it("has winner, capacity and verdict", async () => {
    const report = await golden();
    const message = answerMessage(report, null);
    expect(message).toContain(report.decision.summary);
    expect(message).toMatch(/\d\/s under p99 <= \d+ ms, [\d.]+ ms at/);
  });

  it("tells of what is missing", async () => {
    const report = await golden();
    const { decision } = report;
    expect(answerMessage({ ...report, completed: false }, null)).toMatch(/^Stopped early/);
    expect(answerMessage({ ...report, decision: { ...decision, confirmation: null } }, null)).toContain(
      "not confirmed",
    );
    expect(answerMessage({ ...report, decision: { ...decision, feasible: false } }, null)).toMatch(
      /cannot be met.*best/,
    );
  });
});

describe("the message of a tuning that failed half-way", () => {
  it("begins with what ended it, whatever else there was no time for", async () => {
    const report = await golden();
    const topic = { topic: "Budget", outcome: "Warning" } as const;
    const message = answerMessage(
      {
        ...report,
        completed: false,
        findings: [
          { ...topic, message: "There was no time to race the second." },
          { ...topic, message: `${endedEarly}, and the decision is the best so far: the server went away.` },
        ],
      },
      null,
    );
    expect(message).toMatch(/^The tuning ended early.*the server went away\. /);
    expect(message.length).toBeLessThan(512);
  });
});
