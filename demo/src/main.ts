import { mkdir, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { checkDocument, LoadReport, TuningReport } from "@sweetspot/crds";
import { describeModel, loadPlan } from "@sweetspot/sidecar";
import { loadSamples } from "@sweetspot/tuner";
import { proveAnswers } from "./prove-answers.ts";
import { type Outcome, resultTable } from "./result-table.ts";
import { serve, sweetspotJson } from "./run-cli.ts";
import { minilmSubject, ocrSubject, type Subject } from "./subjects.ts";

/** `npm run demo`: the main job on real input, with the commands that a user would type. */
const out = fileURLToPath(new URL("../out", import.meta.url));
const budget = "60s";
const trafficSeconds = 8;
/** Of the capacity: what a careful operator would send. */
const trafficShare = 0.6;

async function main(): Promise<void> {
  console.log("Tuning two packaged models for about a minute each, on this machine, with real input.");
  const minilm = minilmSubject(join(out, "minilm"));
  if (minilm === null) {
    console.log(
      "The sentence encoder is left out: its Python package is not installed (see the messages of the set-up).",
    );
  }
  const outcomes: Outcome[] = [];
  for (const subject of [ocrSubject(join(out, "ocr-recogniser")), minilm]) {
    if (subject !== null) outcomes.push(await demonstrate(subject));
  }
  console.log(`\n${"=".repeat(40)} Result\n${resultTable(outcomes)}\n`);
  for (const { subject } of outcomes)
    console.log(`Report: ${relative(process.cwd(), join(out, subject.name, "report.html"))}`);
  if (outcomes.some(({ proof }) => !proof.holds)) {
    console.error("\nThe served answers do not agree with the direct calls.");
    process.exitCode = 1;
  }
}

async function demonstrate(subject: Subject): Promise<Outcome> {
  const folder = join(out, subject.name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  console.log(`\n${"-".repeat(40)} ${subject.title}`);
  await subject.writeSamples();
  const report = await tuned(subject, folder);
  const { artifact } = await loadPlan(join(folder, "plan.json"));
  const server = await serve(join(folder, "plan.json"));
  try {
    const url = `http://127.0.0.1:${server.httpPort}`;
    const samples = (
      await loadSamples(subject.samplesFile, await describeModel(subject.modelFile), tokenizerOf(subject))
    ).samples;
    const proof = await proveAnswers(subject, samples, artifact, `${url}/v2/models/${subject.name}/infer`);
    return { subject, report, proof, load: await traffic(subject, report, url) };
  } finally {
    await server.stop();
  }
}

async function tuned(subject: Subject, folder: string): Promise<TuningReport> {
  const document = await sweetspotJson([
    "tune",
    subject.modelFile,
    ...["--name", subject.name],
    ...["--p99", `${subject.latencyMilliseconds}ms`],
    ...["--budget", budget],
    ...["--task", subject.task],
    ...["--samples", subject.samplesFile],
    ...subject.extra,
    ...["--output", subject.output],
    ...["--out", folder],
  ]);
  return checkDocument(TuningReport, document, "The report of sweetspot tune");
}

/** Open-loop load at a share of the measured capacity; without one (an infeasible target), a trickle. */
async function traffic(subject: Subject, report: TuningReport, url: string): Promise<LoadReport> {
  const rate = Math.max(2, Math.round(trafficShare * report.decision.capacityRequestsPerSecond));
  const document = await sweetspotJson([
    "load",
    url,
    ...["--rate", String(rate)],
    ...["--duration", `${trafficSeconds}s`],
    ...["--p99", `${subject.latencyMilliseconds}ms`],
    ...["--samples", subject.samplesFile],
    ...subject.extra,
    ...["--model-name", subject.name],
  ]);
  return checkDocument(LoadReport, document, "The report of sweetspot load");
}

function tokenizerOf({ extra }: Subject): { tokenizer?: string } {
  const position = extra.indexOf("--tokenizer");
  return position === -1 ? {} : { tokenizer: extra[position + 1] as string };
}

await main();
