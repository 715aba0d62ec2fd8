import { writeFile } from "node:fs/promises";
import { type LineImage, lineImages } from "./ocr.ts";
import { imageHeight } from "./render-text.ts";

const channels = 3;
/** What the classifier takes, and a page for the detector: two lines, one above the other. */
const classifierWidth = 192;
const page = { height: 2 * imageHeight, width: 320 };

/** Writes pictures of single lines for the classifier, [1, 3, 48, 192] each, about 120 KB. */
export async function writeClassifierSamples(file: string, count: number, seed: number): Promise<void> {
  const images = await lineImages(count, seed);
  await writeRequests(
    file,
    images.map((image) => canvas(imageHeight, classifierWidth, [image])),
  );
}

/** Writes pictures of two lines for the detector, [1, 3, 96, 320] each, about 400 KB. */
export async function writeDetectorSamples(file: string, count: number, seed: number): Promise<void> {
  const images = await lineImages(2 * count, seed);
  const pairs = Array.from({ length: count }, (_, i) => images.slice(2 * i, 2 * i + 2));
  await writeRequests(
    file,
    pairs.map((pair) => canvas(page.height, page.width, pair)),
  );
}

interface Picture {
  readonly height: number;
  readonly width: number;
  readonly pixels: Float32Array;
}

/** Lines below each other on grey, cut off at the right where they are too long. */
function canvas(height: number, width: number, lines: readonly LineImage[]): Picture {
  const pixels = new Float32Array(channels * height * width);
  for (const [index, line] of lines.entries()) {
    for (let channel = 0; channel < channels; channel += 1) {
      for (let y = 0; y < imageHeight; y += 1) {
        const from = (channel * imageHeight + y) * line.width;
        const row = line.pixels.subarray(from, from + Math.min(width, line.width));
        pixels.set(row, (channel * height + index * imageHeight + y) * width);
      }
    }
  }
  return { height, width, pixels };
}

async function writeRequests(file: string, pictures: readonly Picture[]): Promise<void> {
  const lines = pictures.map(({ height, width, pixels }) => {
    const data = Array.from(pixels, (value) => Math.round(value * 100) / 100);
    return JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [1, channels, height, width], data }] });
  });
  await writeFile(file, `${lines.join("\n")}\n`);
}
