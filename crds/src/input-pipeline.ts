import * as z from "zod";
import { Digest, FilePath, TensorName } from "./common.ts";

const Channel = z.number().min(-1000).max(1000);
const ImageSide = z.int().min(1).max(16_384);

/** A file that the plan needs beside its model; the path is absolute, or relative to the plan's own file. */
export const PlanFile = z.object({ file: FilePath, digest: Digest.optional() });
export type PlanFile = z.infer<typeof PlanFile>;

/** From text to token ids. */
export const TextPipeline = z.object({
  /** Name of the BYTES input that clients see, one text a row. */
  input: TensorName,
  /** A Hugging Face `tokenizer.json`. */
  tokenizer: PlanFile,
  /** Characters (UTF-16 units) of one text at most; longer ones are refused before they are tokenized. */
  maximumCharacters: z.int().min(1).max(16_777_216),
  /** Tokens of one text at most, the special ones included. */
  maximumTokens: z.int().min(1).max(131_072),
  /** What becomes of more tokens. `Right`: the end of the text is cut off, a closing special token stays. */
  truncation: z.enum(["Right", "Refuse"]),
  /** The model's inputs that are filled: all that it has. */
  inputs: z.object({
    ids: TensorName,
    /** 1 for a token, 0 for filling. */
    mask: TensorName.optional(),
    /** Segment of each token. */
    typeIds: TensorName.optional(),
    /** 0, 1, 2 ... */
    positionIds: TensorName.optional(),
  }),
});
export type TextPipeline = z.infer<typeof TextPipeline>;

/** From an encoded image to pixels. The picture is turned upright as its EXIF orientation says. */
export const ImagePipeline = z.object({
  /** Name of the BYTES input that clients see, one encoded image a row. */
  input: TensorName,
  /** The model's input that is filled: FP32, FP16 or UINT8. */
  tensor: TensorName,
  layout: z.enum(["NCHW", "NHWC"]),
  channels: z.enum(["RGB", "BGR", "Gray"]),
  height: ImageSide,
  /** Absent: the width follows from the picture's aspect ratio, as text recognition needs it. */
  width: ImageSide.optional(),
  /** Without `width`: wider pictures are squeezed to this. */
  maximumWidth: ImageSide.optional(),
  /** Without `width`: widths are rounded up to a multiple of this, so that more requests share a shape; 1 unless given. */
  widthMultiple: z.int().min(1).max(1024).optional(),
  /** `Stretch` changes the aspect ratio, `Cover` cuts off what hangs over, `Contain` fills up with the background. */
  resize: z.enum(["Stretch", "Cover", "Contain"]),
  /** With `Cover`: the share of the short side that is kept, from the middle (`crop_pct`); 1 unless given. */
  cropFraction: z.number().gt(0).max(1).optional(),
  interpolation: z.enum(["Nearest", "Linear", "Cubic", "Lanczos"]),
  /** Brightness, 0 to 255, behind transparent pixels and around contained pictures. */
  background: z.int().min(0).max(255),
  /** (pixel / 255 - mean) / standard deviation, in the order of `channels`; absent: pixels as they are, 0 to 255. */
  normalisation: z
    .object({
      mean: z.array(Channel).min(1).max(3),
      standardDeviation: z.array(Channel.gt(0)).min(1).max(3),
    })
    .optional(),
  /** Both are checked before anything is decoded. */
  maximumPixels: z.int().min(1).max(268_435_456),
  maximumBytes: z.int().min(1).max(268_435_456),
});
export type ImagePipeline = z.infer<typeof ImagePipeline>;

/** From what the model answers to one vector for each row. */
export const Embedding = z.object({
  /** Name of the output that clients see, FP32 [rows, dimensions]. */
  name: TensorName,
  /** The model's output: [rows, tokens, dimensions], or [rows, dimensions] with the pooling `None`. */
  output: TensorName,
  pooling: z.enum(["None", "Mean", "Cls", "LastToken"]),
  /** Scale each vector to the Euclidean length 1. */
  normalise: z.boolean(),
});
export type Embedding = z.infer<typeof Embedding>;

/** The best classes of each row, as strings `SCORE:INDEX`, or `SCORE:INDEX:LABEL` with labels. */
export const Classification = z.object({
  /** Name of the output that clients see, BYTES [rows, topK]. */
  name: TensorName,
  /** The model's output: FP32 [rows, classes]. */
  output: TensorName,
  topK: z.int().min(1).max(1024),
  /** Turn scores into probabilities that add up to 1. */
  softmax: z.boolean(),
  /** Names of the classes, one a line, by index. */
  labels: PlanFile.optional(),
});
export type Classification = z.infer<typeof Classification>;

/**
 * What a server does before and after the model. Requests with BYTES go through it; tensors are taken as ever. Without
 * `embedding` and `classification` clients see the model's own outputs.
 */
export const InputPipeline = z
  .object({
    /** Threads that tokenize and decode, apart from the one that takes requests. */
    threads: z.int().min(1).max(64),
    text: TextPipeline.optional(),
    image: ImagePipeline.optional(),
    embedding: Embedding.optional(),
    classification: Classification.optional(),
  })
  .refine(({ text, image }) => (text === undefined) !== (image === undefined), "must have either text or image")
  .refine(
    ({ image }) => image === undefined || (image.width === undefined) === (image.maximumWidth !== undefined),
    "image must have either width or maximumWidth",
  )
  .refine(({ image }) => channelsFit(image), "image.normalisation must have one value for each channel");
export type InputPipeline = z.infer<typeof InputPipeline>;

function channelsFit(image: ImagePipeline | undefined): boolean {
  if (image?.normalisation === undefined) return true;
  const count = image.channels === "Gray" ? 1 : 3;
  const { mean, standardDeviation } = image.normalisation;
  return mean.length === count && standardDeviation.length === count;
}
