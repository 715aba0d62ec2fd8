import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packModel } from "@sweetspot/images";
import type { Cluster } from "../../cluster/src/cluster.ts";
import { elementwiseModel } from "../builders/onnx-model.ts";
import { ocrModels, writeOcrSamples } from "../models/ocr.ts";

/** Images that hold a model and nothing else. */
export const modelImages = {
  /** The OCR recogniser with real lines of text as samples. */
  recogniser: "sweetspot.dev/models/ocr-recogniser:1",
  /** A model that does next to nothing, for scenarios about everything else. */
  tiny: "sweetspot.dev/models/tiny:1",
  /** Its file is no ONNX model. */
  broken: "sweetspot.dev/models/broken:1",
} as const;

const sampleCount = 48;
const seed = 3;

/** Packs one of the models and loads it on all nodes, as a user would push it to a registry. */
export async function loadModelImage(cluster: Cluster, name: keyof typeof modelImages): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "sweetspot-model-"));
  try {
    await loadImageOf(cluster, modelImages[name], await filesOf(name, folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Packs files by their path in the image as an image of that name, and loads it on all nodes. */
export async function loadImageOf(
  cluster: Cluster,
  reference: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  const { archive } = await packModel({ files, reference });
  await cluster.load(archive);
}

async function filesOf(name: keyof typeof modelImages, folder: string): Promise<Record<string, string>> {
  const model = join(folder, "model.onnx");
  if (name === "recogniser") {
    const samples = join(folder, "samples.jsonl");
    await writeOcrSamples(samples, sampleCount, seed);
    return { "model.onnx": ocrModels.recogniser, "samples.jsonl": samples };
  }
  await writeFile(model, name === "tiny" ? elementwiseModel() : "this is no model");
  return { "model.onnx": model };
}
