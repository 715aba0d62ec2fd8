import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const folder = new URL("../../models/digits/", import.meta.url);

/** A convolutional network for handwritten digits: `image` FP32 [N, 1, 8, 8] → `scores` FP32 [N, 10]. See train.py there. */
export const digitsModel = fileURLToPath(new URL("digits.onnx", folder));

/** 597 labelled images that it was not trained on, as a samples file for `sweetspot tune --samples`. */
export const digitsSamples = fileURLToPath(new URL("digits.jsonl", folder));

/** Some of the labelled images, as lines of a samples file, from the first or another one on. */
export async function digitLines(count: number, from = 0): Promise<string[]> {
  const lines = (await readFile(digitsSamples, "utf8")).trimEnd().split("\n");
  return lines.slice(from, from + count);
}
