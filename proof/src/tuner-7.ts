import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TuningReport } from "@sweetspot/crds";
import { DirectModel, damagedWeights, digitLines, digitsModel } from "@sweetspot/test";
import type { Measure, Progress, ProofOutcome } from "./proof.ts";
import { type RealCase, realCases, tuneCase } from "./real-cases.ts";

const badModels = 24;
const perTuning = 8;
/** Shares of the weights that are replaced; each bad model takes the first that makes it lose clearly more than allowed. */
const damages = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32];
const clearlyBad = 0.05;
const images = 597;
const fewSamples = 20;

interface Bad {
  readonly seed: number;
  readonly share: number;
  /** True share of the images that the source has right and this model has not, less the reverse, over all of them. */
  readonly loss: number;
  readonly file: string;
}

/**
 * The quality gate in whole tunings: seeded bad INT8 models of a network for digits, the good ones that the tools make, and too few
 * samples. What is good and faster is looked for with a sentence encoder, whose products gain from INT8 on most CPUs.
 */
export async function proveQualityGate(progress: Progress): Promise<ProofOutcome> {
  const folder = await mkdtemp(join(tmpdir(), "sweetspot-proof-"));
  try {
    const cases = await realCases(folder);
    const digits = named(cases, "digits");
    const first = await tuneCase(digits, folder, progress);
    const few = await tuneFew(digits, folder, progress);
    const bad = await makeBad(first, folder, progress);
    const tunings: TuningReport[] = [];
    for (let from = 0; from < bad.length; from += perTuning) {
      const supplied = bad.slice(from, from + perTuning).map(({ seed, file }) => ({ name: `Bad${seed}`, file }));
      tunings.push(await tuneCase(digits, folder, progress, { supplied, budgetSeconds: 30 }));
    }
    const encoder = await tuneCase(named(cases, "minilm-l3"), folder, progress);
    return outcomeOf({ bad, tunings, few, good: [first, encoder, ...tunings] });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function named(cases: readonly RealCase[], name: string): RealCase {
  const found = cases.find((one) => one.name === name);
  if (found === undefined) throw new Error(`the model ${name} is not installed: run npm run setup`);
  return found;
}

async function tuneFew(digits: RealCase, folder: string, progress: Progress): Promise<TuningReport> {
  const samplesFile = join(folder, "few.jsonl");
  // A quarter calibrates, and does not judge.
  await writeFile(samplesFile, (await digitLines(Math.ceil((fewSamples * 4) / 3))).join("\n"));
  const request = { ...digits.request, samplesFile };
  return tuneCase({ name: "digits-few", request }, folder, progress, { budgetSeconds: 20 });
}

/** Damages the static INT8 file of a tuning, with a seed each. */
async function makeBad({ variants }: TuningReport, folder: string, progress: Progress): Promise<Bad[]> {
  const digest = variants.find(({ variant }) => variant === "INT8Static")?.digest;
  if (!digest) throw new Error("INT8Static could not be made: run npm run setup for the Python tools");
  const made = join(folder, "digits", "variants");
  const name = (await readdir(made)).find((file) => file.startsWith("INT8Static-"));
  const model = await readFile(join(made, name as string));
  const right = await rightAnswers(digitsModel);
  const bad: Bad[] = [];
  for (let seed = 1; seed <= badModels; seed += 1) {
    const file = join(folder, `bad-${seed}.onnx`);
    for (const share of damages) {
      await writeFile(file, damagedWeights(model, share, seed));
      const loss = (right - (await rightAnswers(file))) / images;
      if (loss < clearlyBad) continue;
      bad.push({ seed, share, loss, file });
      break;
    }
  }
  const losses = bad.map(({ loss }) => `${(100 * loss).toFixed(0)} %`).join(", ");
  progress(`${bad.length} bad INT8 models that truly lose ${losses}`);
  return bad;
}

/** Images that a model puts into the right class, counted without any code of the tuner. */
async function rightAnswers(file: string): Promise<number> {
  const model = await DirectModel.load(file);
  let right = 0;
  for (const line of await digitLines(images)) {
    const { inputs, label } = JSON.parse(line) as {
      inputs: [{ name: string; shape: number[]; data: number[] }];
      label: number;
    };
    const [{ name, shape, data }] = inputs;
    const tensor = { name, shape, datatype: "FP32", data: new Uint8Array(Float32Array.from(data).buffer) } as const;
    const scores = await model.run([tensor], "scores");
    if (scores.indexOf(Math.max(...scores)) === label) right += 1;
  }
  return right;
}

interface Evidence {
  readonly bad: readonly Bad[];
  readonly tunings: readonly TuningReport[];
  readonly few: TuningReport;
  readonly good: readonly TuningReport[];
}

function outcomeOf({ bad, tunings, few, good }: Evidence): ProofOutcome {
  const judged = tunings.flatMap(({ variants }) => variants.filter(({ variant }) => variant.startsWith("Bad")));
  const won = tunings.filter(({ decision }) => decision.plan.artifact.variant.startsWith("Bad"));
  const decided = few.variants.filter(({ quality }) => quality !== null && quality.verdict !== "Inconclusive");
  const judgedFew = few.variants.filter(({ quality }) => quality !== null).length;
  const faster = good.filter(int8IsFaster);
  const winners = faster.filter(({ decision }) => decision.plan.artifact.variant.startsWith("INT8"));
  const measures: Measure[] = [
    { name: "bad INT8 models judged", figure: judged.length, atLeast: badModels },
    { name: "of them let through", figure: judged.filter(({ eligible }) => eligible).length, atMost: 0 },
    { name: "tunings that a bad one won", figure: won.length, atMost: 0 },
    { name: `INT8 models judged on ${fewSamples} samples`, figure: judgedFew, atLeast: 1 },
    { name: "of them decided", figure: decided.length, atMost: 0 },
    { name: "tunings in which a good INT8 model was faster", figure: faster.length, atLeast: 1 },
    { name: "of them not won by one", figure: faster.length - winners.length, atMost: 0 },
  ];
  const raw = {
    bad: bad.map(({ seed, share, loss }) => ({ seed, share, loss })),
    judged: judged.map(({ variant, quality }) => ({ variant, quality })),
    few: few.variants.map(({ variant, state, quality }) => ({ variant, state, quality })),
    good: good.map(({ question, decision, variants, candidates }) => ({
      model: question.model.name,
      winner: decision.summary,
      reason: decision.reason,
      variants: variants.map(({ variant, state, quality, eligible }) => ({ variant, state, quality, eligible })),
      raced: candidates.flatMap(({ name, measured }) => (measured === null ? [] : [{ name, measured }])),
    })),
  };
  return { measures, raw };
}

/** The race measured one in INT8 whose whole interval lies above that of everything else that raced. */
function int8IsFaster({ candidates }: TuningReport): boolean {
  const raced = candidates.flatMap(({ variant, measured }) => (measured === null ? [] : [{ variant, measured }]));
  const int8 = raced.filter(({ variant }) => variant.startsWith("INT8"));
  const others = raced.filter(({ variant }) => !variant.startsWith("INT8"));
  const bar = Math.max(...others.map(({ measured }) => measured.high));
  return others.length > 0 && int8.some(({ measured }) => measured.low > bar);
}
