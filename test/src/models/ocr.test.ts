import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeText, type LineImage, lineImages, ocrAlphabet, ocrModels, writeOcrSamples } from "./ocr.ts";
import { paddedWidth, renderText } from "./render-text.ts";

let session: InferenceSession;

beforeAll(async () => {
  session = await InferenceSession.create(ocrModels.recogniser, { intraOpNumThreads: 1 });
});

afterAll(() => session.release());

async function read(pixels: Float32Array): Promise<string> {
  const x = new Tensor("float32", pixels, [1, 3, 48, pixels.length / 144]);
  const answer = await session.run({ x });
  return decodeText(answer["softmax_11.tmp_0"]?.data as Float32Array);
}

/** Share of pictures whose text comes back to the letter. */
async function shareRead(images: readonly LineImage[]): Promise<number> {
  let right = 0;
  for (const image of images) if ((await read(image.pixels)) === image.text) right += 1;
  return right / images.length;
}

describe("rendered text", () => {
  it("is read back to the letter by the recogniser", async () => {
    for (const text of ["request body", "Sweetspot 42", "plugin order", "latency"]) {
      expect(await read(await renderText(text))).toBe(text);
    }
  });

  it("is mostly read back through blur, noise, slant and colour", async () => {
    expect(await shareRead(await lineImages(24, 7))).toBeGreaterThanOrEqual(0.75);
  });

  it("is not read when the channels hold noise only", async () => {
    const text = await read(await renderText("request body", { ink: [250, 250, 250], noise: 60 }));
    expect(text).not.toBe("request body");
  });

  it("gives channels in the order blue, green, red", async () => {
    const pixels = await renderText("I", { ink: [255, 0, 0], paper: [255, 0, 0] });
    const plane = pixels.length / 3;
    expect([pixels[0], pixels[plane], pixels[2 * plane]]).toEqual([-1, -1, 1]);
  });

  it("is the same for the same seed and another for another", async () => {
    const [first, again, other] = await Promise.all([lineImages(3, 1), lineImages(3, 1), lineImages(3, 2)]);
    expect(again).toEqual(first);
    expect(other[0]?.pixels).not.toEqual(first[0]?.pixels);
  });
});

describe("the width of a picture", () => {
  it.each([
    [0.5, 96],
    [2, 96],
    [2.1, 128],
    [6, 288],
    [40, 320],
  ])("at aspect %d is %d pixels", (aspect, width) => {
    expect(paddedWidth(aspect)).toBe(width);
  });

  it("takes several values over real word groups", async () => {
    const widths = new Set((await lineImages(32, 3)).map(({ width }) => width));
    expect(widths.size).toBeGreaterThanOrEqual(4);
  });
});

describe("the alphabet", () => {
  it("has as many characters as the recogniser has classes", () => {
    expect(ocrAlphabet()).toHaveLength(6625);
  });
});

describe("a samples file", () => {
  it("holds one request a line whose data fits its shape and stays within a grey level", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sweetspot-ocr-"));
    try {
      await writeOcrSamples(join(folder, "lines.jsonl"), 4, 5);
      const lines = (await readFile(join(folder, "lines.jsonl"), "utf8")).trimEnd().split("\n");
      const images = await lineImages(4, 5);
      expect(lines).toHaveLength(4);
      lines.forEach((line, index) => {
        const { name, datatype, shape, data } = JSON.parse(line).inputs[0];
        const pixels = images[index]?.pixels as Float32Array;
        expect({ name, datatype, shape }).toEqual({
          name: "x",
          datatype: "FP32",
          shape: [1, 3, 48, pixels.length / 144],
        });
        const worst = Math.max(...pixels.map((value, at) => Math.abs(value - data[at])));
        expect(worst).toBeLessThan(2 / 255);
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
