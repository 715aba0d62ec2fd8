import type { ImagePipeline } from "@sweetspot/crds";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeImage, limitImageLibrary, targetSize } from "./decode-image.ts";
import type { PreprocessResult } from "./messages.ts";
import { imagePlan } from "./testing/pipelines.ts";

beforeAll(() => limitImageLibrary());

type Pixels = readonly (readonly number[])[];

/** A PNG of these pixels, row after row. */
const png = (width: number, pixels: Pixels): Promise<Buffer> => {
  const channels = pixels[0]?.length as 3 | 4;
  const raw = { width, height: pixels.length / width, channels };
  return sharp(Uint8Array.from(pixels.flat()), { raw }).png().toBuffer();
};

async function decoded(bytes: Uint8Array, change: Partial<ImagePipeline> = {}, datatype = "UINT8" as const) {
  const result = await decodeImage(bytes, imagePlan({ interpolation: "Nearest", ...change }), datatype);
  if (result.kind !== "Image") throw new Error(result.kind);
  return { width: result.width, height: result.height, values: [...result.data] };
}

const [red, green, blue, white] = [
  [200, 0, 0],
  [0, 100, 0],
  [0, 0, 50],
  [255, 255, 255],
] as const;
/** Two by two. */
const four = { width: 2, height: 2 } as const;
const quarters = () => png(2, [red, green, blue, white]);

describe("a decoded image", () => {
  it("is laid out plane by plane or pixel by pixel, in the order of the model's channels", async () => {
    const planes = { r: [200, 0, 0, 255], g: [0, 100, 0, 255], b: [0, 0, 50, 255] };
    const bytes = await quarters();
    expect((await decoded(bytes, four)).values).toEqual([...planes.r, ...planes.g, ...planes.b]);
    expect((await decoded(bytes, { ...four, channels: "BGR" })).values).toEqual([
      ...planes.b,
      ...planes.g,
      ...planes.r,
    ]);
    const interleaved = await decoded(bytes, { ...four, layout: "NHWC" });
    expect(interleaved.values).toEqual([...red, ...green, ...blue, ...white]);
    const reversed = await decoded(bytes, { ...four, layout: "NHWC", channels: "BGR" });
    expect(reversed.values.slice(0, 3)).toEqual([0, 0, 200]);
  });

  it("is one plane of brightness where the model takes no colours", async () => {
    const { values } = await decoded(await quarters(), { ...four, channels: "Gray" });
    expect(values).toHaveLength(4);
    expect(values[3]).toBe(255);
    expect(values[0]).toBeLessThan(200);
  });

  it("is normalised with the mean and deviation of each channel", async () => {
    const normalisation = { mean: [0.5, 0.25, 0], standardDeviation: [0.5, 0.25, 1] };
    const plan = imagePlan({ ...four, interpolation: "Nearest", normalisation });
    const result = (await decodeImage(await quarters(), plan, "FP32")) as Extract<PreprocessResult, { kind: "Image" }>;
    const floats = new Float32Array(result.data.buffer as ArrayBuffer);
    const expected = [200, 0, 0, 255].map((value) => (value / 255 - 0.5) / 0.5);
    for (const [i, value] of expected.entries()) expect(floats[i]).toBeCloseTo(value, 6);
    expect(floats[5]).toBeCloseTo((100 / 255 - 0.25) / 0.25, 6);
    expect(floats[10]).toBeCloseTo(50 / 255, 6);
  });

  it("is turned upright as its EXIF orientation says", async () => {
    const lying = await sharp(await png(2, [red, green]))
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    const { values } = await decoded(lying, { width: 1, height: 2, layout: "NHWC" });
    expect(values).toEqual([...red, ...green]);
  });

  it("shows the background behind transparent pixels", async () => {
    const clear = await png(1, [[200, 0, 0, 0]]);
    const { values } = await decoded(clear, { width: 1, height: 1, background: 77, layout: "NHWC" });
    expect(values).toEqual([77, 77, 77]);
  });
});

describe("resizing", () => {
  /** Four wide, two high: the outer columns are red, the inner ones green. */
  const wide = () => png(4, [red, green, green, red, red, green, green, red]);

  it("stretches, covers by cutting off the sides, or contains with a margin", async () => {
    const size = { ...four, layout: "NHWC" } as const;
    const bytes = await wide();
    expect((await decoded(bytes, { ...size, resize: "Cover" })).values).toEqual([
      ...green,
      ...green,
      ...green,
      ...green,
    ]);
    const contained = await decoded(bytes, { width: 4, height: 4, layout: "NHWC", resize: "Contain", background: 9 });
    expect(contained.values.slice(0, 12)).toEqual(Array(12).fill(9));
    expect(contained.values.slice(12, 15)).toEqual(red);
    expect((await decoded(bytes, size)).values.slice(0, 3)).not.toEqual(Array(3).fill(9));
  });

  it("keeps only the middle of a covered image where a share of it is asked for", async () => {
    const ring = Array.from({ length: 16 }, (_, i) => ([5, 6, 9, 10].includes(i) ? green : red));
    const { values } = await decoded(await png(4, ring), {
      ...four,
      resize: "Cover",
      cropFraction: 0.5,
      layout: "NHWC",
    });
    expect(values).toEqual([...green, ...green, ...green, ...green]);
  });

  it("lets the width follow the picture, up to a limit and in steps", () => {
    const { width: _, ...free } = imagePlan({ height: 48, maximumWidth: 320, widthMultiple: 8 });
    expect(targetSize(free, { width: 200, height: 96 })).toEqual({ width: 104, height: 48 });
    expect(targetSize(free, { width: 5000, height: 50 })).toEqual({ width: 320, height: 48 });
    expect(targetSize(free, { width: 1, height: 5000 })).toEqual({ width: 8, height: 48 });
  });
});

describe("an image that is refused", () => {
  const kindOf = async (bytes: Uint8Array, change: Partial<ImagePipeline> = {}) =>
    (await decodeImage(bytes, imagePlan(change), "UINT8")).kind;
  const svg = Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
  );

  it("has more pixels than the plan permits, by its header alone", async () => {
    const bytes = await quarters();
    expect(await kindOf(bytes, { maximumPixels: 3 })).toBe("ImageTooLarge");
    expect(await kindOf(bytes, { maximumPixels: 4 })).toBe("Image");
    // The header of a PNG that claims 2^31 - 1 pixels a side: its data need not even be there.
    const bomb = Buffer.from(bytes);
    bomb.writeUInt32BE(0x7fff_ffff, 16);
    bomb.writeUInt32BE(0x7fff_ffff, 20);
    expect(["ImageTooLarge", "InvalidImage"]).toContain(await kindOf(bomb));
  });

  it.each([
    ["is no image", Buffer.from("not an image at all")],
    ["is empty", Buffer.alloc(0)],
    ["is a format that can hold more than pixels", svg],
  ])("%s", async (_, bytes) => {
    expect(await kindOf(bytes)).toBe("InvalidImage");
  });

  it("ends too early", async () => {
    const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 251);
    const jpeg = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .jpeg()
      .toBuffer();
    expect(await kindOf(jpeg)).toBe("Image");
    expect(await kindOf(jpeg.subarray(0, jpeg.length / 2))).toBe("InvalidImage");
  });
});
