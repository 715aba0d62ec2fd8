import type { LoadStage } from "@sweetspot/crds";
import { median, seededRandom } from "@sweetspot/planner";
import { describeModel, safePlan, type Tensor } from "@sweetspot/sidecar";
import { embeddingModel, onnxModel, writeOnnx } from "@sweetspot/test";
import { prepareMix } from "@sweetspot/tuner";
import { rowOf, target } from "./data-plane/encoder-plan.ts";
import { cpuSeconds } from "./data-plane/process-facts.ts";
import { ServedPlan } from "./data-plane/served-plan.ts";
import { shareOf } from "./data-plane/share.ts";
import type { Progress, ProofOutcome } from "./proof.ts";

const rounds = shareOf(5);
const formats = ["json", "binary"] as const;
type Format = (typeof formats)[number];

/** CPU time of the server's own process per request: JSON against binary tensors, for a tiny model and for an image. */
export async function proveWire(progress: Progress): Promise<ProofOutcome> {
  const tiny = await tinyModel();
  const small = await perRequest("64 ids in, 384 floats out", tiny, { connections: 16, seconds: 4 }, progress);
  const image = await imageModel();
  const large = await perRequest("3 x 224 x 224 floats in", image, { connections: 4, seconds: 4 }, progress);
  return {
    measures: [
      { name: "requests per core on a tiny model, binary / JSON", figure: median(small.ratios), atLeast: 2.5 },
      { name: "CPU to take in an image tensor, JSON / binary", figure: median(large.ratios), atLeast: 20 },
    ],
    raw: { small, large },
  };
}

interface Case {
  readonly file: string;
  readonly samples: readonly (readonly Tensor[])[];
  readonly outputs: readonly string[];
}

async function perRequest(
  name: string,
  { file, samples, outputs }: Case,
  stage: { connections: number; seconds: number },
  progress: Progress,
) {
  const safe = await safePlan(file, "tiny", target, 1);
  await using server = await ServedPlan.start({ ...safe, batching: { ...safe.batching, maximumRows: 16 } });
  const { pid } = server.server.command;
  const measure = async (format: Format): Promise<number> => {
    const mix = prepareMix(samples, format, outputs);
    await server.load(mix, { ...stage, seconds: 1 });
    const before = cpuSeconds(pid);
    const [{ counts }] = (await server.load(mix, stage)) as [LoadStage];
    if (counts.failed + counts.refused + counts.expired + counts.excluded > 0) throw new Error(JSON.stringify(counts));
    return (1e6 * (cpuSeconds(pid) - before)) / counts.total;
  };
  for (const format of formats) await measure(format);
  const microseconds: Record<Format, number>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const json = await measure("json");
    microseconds.push({ json, binary: await measure("binary") });
  }
  const of = (format: Format) => median(microseconds.map((round) => round[format])).toFixed(1);
  progress(`${name}: ${of("json")} us of CPU per request as JSON, ${of("binary")} us as binary`);
  return { microseconds, ratios: microseconds.map(({ json, binary }) => json / binary) };
}

async function tinyModel(): Promise<Case> {
  const file = await writeOnnx(embeddingModel({ width: 384 }));
  const signature = await describeModel(file);
  return { file, samples: [1, 2, 3, 4].map((seed) => rowOf(signature, 64, seed)), outputs: ["embedding"] };
}

/** The mean of an image: nothing to compute, so that what is left is taking it in. */
async function imageModel(): Promise<Case> {
  const shape = [3, 224, 224];
  const file = await writeOnnx(
    onnxModel({
      inputs: [{ name: "pixels", type: "FP32", shape: ["batch", ...shape] }],
      outputs: [{ name: "mean", type: "FP32", shape: ["batch", 1, 1, 1] }],
      nodes: [
        { op: "ReduceMean", inputs: ["pixels"], outputs: ["mean"], attributes: { axes: [1, 2, 3], keepdims: 1 } },
      ],
    }),
  );
  const random = seededRandom(8);
  const pixels = Float32Array.from({ length: 3 * 224 * 224 }, () => random());
  const tensor: Tensor = {
    name: "pixels",
    datatype: "FP32",
    shape: [1, ...shape],
    data: new Uint8Array(pixels.buffer),
  };
  return { file, samples: [[tensor]], outputs: ["mean"] };
}
