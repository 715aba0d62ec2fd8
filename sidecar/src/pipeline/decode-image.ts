/// <reference lib="esnext.float16" />
import type { Datatype, ImagePipeline } from "@sweetspot/crds";
import sharp, { type Sharp } from "sharp";
import type { PreprocessResult } from "./messages.ts";

/** The formats that are decoded, by libvips' names. All others, SVG and PDF among them, are refused. */
const decoders = ["VipsForeignLoadJpegBuffer", "VipsForeignLoadPngBuffer", "VipsForeignLoadWebpBuffer"];
/** Where the reading of pixels ends; below it a file is not known to be too large. */
const tooLarge = /exceeds pixel limit/;

const kernels = { Nearest: "nearest", Linear: "linear", Cubic: "cubic", Lanczos: "lanczos3" } as const;

/** Prepares libvips for this process: few formats, one thread per image, no memory of earlier images. */
export function limitImageLibrary(): void {
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({ operation: decoders });
  sharp.concurrency(1);
  sharp.cache(false);
}

/** Size of the tensor that a picture of this size fills. */
export function targetSize(
  plan: ImagePipeline,
  picture: { readonly width: number; readonly height: number },
): { width: number; height: number } {
  const { height, width, maximumWidth = 1, widthMultiple = 1 } = plan;
  if (width !== undefined) return { width, height };
  const natural = Math.round((picture.width * height) / picture.height);
  const rounded = Math.ceil(Math.max(1, natural) / widthMultiple) * widthMultiple;
  return { width: Math.min(rounded, maximumWidth), height };
}

/**
 * Decodes one image and brings it into the form of the model's input: upright, resized, normalised, laid out. JPEG and
 * WebP shrink while they are decoded. Never throws: what cannot be decoded is the client's doing.
 */
export async function decodeImage(
  bytes: Uint8Array,
  plan: ImagePipeline,
  datatype: Datatype,
): Promise<PreprocessResult> {
  try {
    const image = sharp(bytes, { limitInputPixels: plan.maximumPixels, failOn: "error" });
    const { autoOrient: picture } = await image.metadata();
    const size = targetSize(plan, picture);
    const { data } = await resized(image.autoOrient(), plan, size).raw().toBuffer({ resolveWithObject: true });
    return { kind: "Image", ...size, data: layOut(data, plan, datatype) };
  } catch (error) {
    return { kind: tooLarge.test((error as Error).message) ? "ImageTooLarge" : "InvalidImage" };
  }
}

/** 8-bit pixels of exactly this size: three channels in the order RGB, or one. */
function resized(image: Sharp, plan: ImagePipeline, { width, height }: { width: number; height: number }): Sharp {
  const { resize, cropFraction = 1 } = plan;
  const background = { r: plan.background, g: plan.background, b: plan.background };
  const options = { kernel: kernels[plan.interpolation], background, fastShrinkOnLoad: true };
  const flat = image.flatten({ background }).toColourspace(plan.channels === "Gray" ? "b-w" : "srgb");
  if (resize === "Stretch") return flat.resize(width, height, { ...options, fit: "fill" });
  if (resize === "Contain") return flat.resize(width, height, { ...options, fit: "contain" });
  const [wide, high] = [Math.round(width / cropFraction), Math.round(height / cropFraction)];
  const covering = flat.resize(wide, high, { ...options, fit: "cover" });
  if (cropFraction === 1) return covering;
  const [left, top] = [Math.floor((wide - width) / 2), Math.floor((high - height) / 2)];
  return covering.extract({ left, top, width, height });
}

type PixelArray = Float32Array | Float16Array | Uint8Array;
const arrays: Partial<Record<Datatype, new (length: number) => PixelArray>> = {
  FP32: Float32Array,
  FP16: Float16Array,
  UINT8: Uint8Array,
};

/** Interleaved 8-bit pixels as the little-endian bytes of the model's input. */
function layOut(pixels: Uint8Array, plan: ImagePipeline, datatype: Datatype): Uint8Array {
  const make = arrays[datatype] ?? Float32Array;
  const channels = plan.channels === "Gray" ? 1 : 3;
  const out = new make(pixels.length);
  const plane = pixels.length / channels;
  const [step, stride] = plan.layout === "NCHW" ? [1, plane] : [channels, 1];
  for (let channel = 0; channel < channels; channel += 1) {
    const source = plan.channels === "BGR" ? channels - 1 - channel : channel;
    const values = valuesOf(channel, plan, make);
    for (let from = source, to = channel * stride; from < pixels.length; from += channels, to += step) {
      out[to] = values[pixels[from] as number] as number;
    }
  }
  return new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
}

/** There are only 256 brightnesses: a table costs less than arithmetic for each pixel. */
function valuesOf(
  channel: number,
  { normalisation }: ImagePipeline,
  make: new (length: number) => PixelArray,
): PixelArray {
  const table = new make(256);
  const mean = normalisation?.mean[channel] ?? 0;
  const deviation = normalisation?.standardDeviation[channel] ?? 1;
  for (let i = 0; i < 256; i += 1) table[i] = normalisation === undefined ? i : (i / 255 - mean) / deviation;
  return table;
}
