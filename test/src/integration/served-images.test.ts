import { type InputPipeline, ServiceLevelTarget, type ServingPlan } from "@sweetspot/crds";
import { type Sidecar, safePlan, startSidecar, type Tensor } from "@sweetspot/sidecar";
import sharp from "sharp";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { DirectModel } from "../direct-run.ts";
import { decodeText, type LineImage, lineImages, ocrModels, recogniserTensors } from "../models/ocr.ts";

/** The OCR networks with encoded images, against the same networks run directly on the same pixels. */

const height = 48;
const tolerance = 1e-4;
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const target = ServiceLevelTarget.parse({ percentile: "P99", latencyMilliseconds: 5000 });
const running: Sidecar[] = [];

/** Pixels of 8 bits, interleaved, and what PP-OCR makes of them: (pixel / 255 - 0.5) / 0.5, plane by plane, as BGR. */
interface Picture {
  readonly text: string;
  readonly width: number;
  readonly bytes: Uint8Array;
  readonly tensor: Float32Array;
}

function pictureOf({ text, width, pixels }: LineImage): Picture {
  const plane = width * height;
  const bytes = new Uint8Array(3 * plane);
  const tensor = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      const value = Math.round(((pixels[channel * plane + i] as number) * 0.5 + 0.5) * 255);
      bytes[3 * i + channel] = value;
      tensor[(2 - channel) * plane + i] = (value / 255 - 0.5) / 0.5;
    }
  }
  return { text, width, bytes, tensor };
}

const raw = ({ width, bytes }: Picture) => sharp(bytes, { raw: { width, height, channels: 3 } });

const pipeline = (width: { width: number } | { maximumWidth: number }): InputPipeline => ({
  threads: 2,
  image: {
    input: "image",
    tensor: recogniserTensors.input,
    layout: "NCHW",
    channels: "BGR",
    height,
    ...width,
    resize: "Stretch",
    interpolation: "Linear",
    background: 255,
    normalisation: { mean: [0.5, 0.5, 0.5], standardDeviation: [0.5, 0.5, 0.5] },
    maximumPixels: 4_000_000,
    maximumBytes: 4_000_000,
  },
});

async function serve(model: string, change: Partial<ServingPlan>): Promise<Sidecar> {
  const plan = { ...(await safePlan(model, "ocr", target, 1)), ...change };
  const sidecar = await startSidecar({ plan, host: "127.0.0.1", httpPort: 0, metricsPort: 0, log });
  running.push(sidecar);
  return sidecar;
}

interface Output {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The first output for some encoded images, asked for and answered in binary. */
async function infer({ httpPort }: Sidecar, images: readonly Uint8Array[]): Promise<Output> {
  const parts = images.flatMap((image) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(image.length);
    return [length, image];
  });
  const data = Buffer.concat(parts);
  const input = {
    name: "image",
    datatype: "BYTES",
    shape: [images.length],
    parameters: { binary_data_size: data.length },
  };
  const header = JSON.stringify({ inputs: [input], parameters: { binary_data_output: true } });
  const response = await fetch(`http://127.0.0.1:${httpPort}/v2/models/ocr/infer`, {
    method: "POST",
    headers: { "inference-header-content-length": String(header.length) },
    body: Buffer.concat([Buffer.from(header), data]),
  });
  const body = Buffer.from(await response.arrayBuffer());
  expect(response.status, body.toString("utf8", 0, 300)).toBe(200);
  const length = Number(response.headers.get("inference-header-content-length"));
  const [output] = JSON.parse(body.toString("utf8", 0, length)).outputs;
  return { ...output, values: new Float32Array(new Uint8Array(body.subarray(length)).buffer) };
}

async function directly(model: string, { width, tensor }: Picture, output: string): Promise<Float32Array> {
  const input: Tensor = {
    name: recogniserTensors.input,
    datatype: "FP32",
    shape: [1, 3, height, width],
    data: new Uint8Array(tensor.buffer as ArrayBuffer),
  };
  return (await DirectModel.load(model)).run([input], output);
}

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] as number))), 0);

let pictures: Picture[];
beforeAll(async () => {
  pictures = (await lineImages(6, 7)).map(pictureOf);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((sidecar) => sidecar.close()));
});

describe("text recognition from encoded images", { timeout: 120_000 }, () => {
  it("computes what it computes from the same pixels as a tensor", async () => {
    const sidecar = await serve(ocrModels.recogniser, { pipeline: pipeline({ maximumWidth: 2000 }) });
    for (const picture of pictures.slice(0, 3)) {
      const answer = await infer(sidecar, [await raw(picture).png().toBuffer()]);
      const expected = await directly(ocrModels.recogniser, picture, recogniserTensors.output);
      expect(answer.shape.at(-1)).toBe(6625);
      expect(answer.values).toHaveLength(expected.length);
      expect(largestDifference(answer.values, expected)).toBeLessThanOrEqual(tolerance);
    }
  });

  it("reads photographs of another size, in JPEG", async () => {
    const sidecar = await serve(ocrModels.recogniser, { pipeline: pipeline({ maximumWidth: 2000 }) });
    const read = await Promise.all(
      pictures.map(async (picture) => {
        const large = await raw(picture)
          .resize({ height: 3 * height })
          .jpeg({ quality: 95 })
          .toBuffer();
        return decodeText((await infer(sidecar, [large])).values);
      }),
    );
    const right = read.filter((text, i) => text === pictures[i]?.text);
    expect(right.length, read.join(" | ")).toBeGreaterThanOrEqual(5);
  });
});

describe("an image classifier", { timeout: 120_000 }, () => {
  const width = 192;
  const output = "softmax_0.tmp_0";
  /** The left end of each line, at the classifier's own size, upright and upside down. */
  const squares = () =>
    Promise.all(
      pictures.slice(0, 4).map((picture, i) =>
        raw(picture)
          .resize(width, height, { fit: "cover" })
          .rotate(i % 2 === 0 ? 0 : 180)
          .raw()
          .toBuffer(),
      ),
    );

  it("gives each of several images its own scores, and the best class by name", async () => {
    const bytes = await squares();
    const classification = { name: "classes", output, topK: 1, softmax: false };
    const scored = await serve(ocrModels.classifier, { pipeline: pipeline({ width }) });
    const images = await Promise.all(
      bytes.map((each) =>
        sharp(each, { raw: { width, height, channels: 3 } })
          .png()
          .toBuffer(),
      ),
    );
    const answer = await infer(scored, images);
    expect(answer.shape).toEqual([4, 2]);
    for (const [i, each] of bytes.entries()) {
      const tensor = new Float32Array(each.length);
      for (let at = 0; at < each.length; at += 1) {
        tensor[(2 - (at % 3)) * width * height + Math.floor(at / 3)] = ((each[at] as number) / 255 - 0.5) / 0.5;
      }
      const picture = { text: "", width, bytes: each, tensor };
      const expected = await directly(ocrModels.classifier, picture, output);
      expect(largestDifference(answer.values.subarray(2 * i, 2 * i + 2), expected)).toBeLessThanOrEqual(tolerance);
    }
    await scored.applyPlan({
      ...(await safePlan(ocrModels.classifier, "ocr", target, 1)),
      revision: "named",
      pipeline: { ...pipeline({ width }), classification },
    });
    const named = await fetch(`http://127.0.0.1:${scored.httpPort}/v2/models/ocr/infer`, {
      method: "POST",
      headers: { "inference-header-content-length": "0" },
      body: images[0] as unknown as ArrayBuffer,
    });
    const text = Buffer.from(await named.arrayBuffer()).toString("latin1");
    const best = (answer.values[0] as number) >= (answer.values[1] as number) ? 0 : 1;
    expect([named.status, text]).toEqual([
      200,
      expect.stringContaining(`${(answer.values[best] as number).toFixed(3)}`),
    ]);
    expect(text).toMatch(new RegExp(`\\d\\.\\d{6}:${best}$`));
  });
});
