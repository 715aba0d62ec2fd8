import { gunzipSync, gzipSync } from "node:zlib";
import * as z from "zod";
import { Count, Digest, envelope, Positive, VariantName } from "./common.ts";
import { DocumentError, parseDocument } from "./parse.ts";

/** What a reader inflates of a recipe at most; ten times what an honest one has. */
const largestJson = 4 * 1024 * 1024;
/** More exceptions than this are cheaper as literals. */
export const mostCorrections = 8192;

/** Protobuf, and so an ONNX file without external weights, ends at 2 GiB. */
const largestFile = 2 ** 31 - 1;
const FileBytes = Positive.max(largestFile);
const Offset = Count.max(largestFile);

/** The digest and size of a model file. */
export const FileIdentity = z.object({ digest: Digest, bytes: FileBytes });
export type FileIdentity = z.infer<typeof FileIdentity>;

/** The next `bytes` of the literals. */
const LiteralStep = z.object({ op: z.literal("Literal"), bytes: FileBytes });
/** Bytes of the source model. */
const CopyStep = z.object({ op: z.literal("Copy"), offset: Offset, bytes: FileBytes });

/** Which FP32 weights of the source a step computes with, and how they fall into channels. All little-endian. */
const weights = {
  /** Where they start in the source model, in bytes. */
  offset: Offset,
  elements: Positive.max(largestFile / 4),
  /** Given: they are read as [elements / columns, columns] and transposed first. */
  columns: Positive.optional(),
  /** 1 for a whole tensor. Element i belongs to channel floor(i / stride) % channels. */
  channels: Positive,
  /** Elements of one channel that lie side by side: the product of the axes behind the channels' own. */
  stride: Positive,
};

/** Elements that the arithmetic does not give, by rising index: [index, bits of the element as an unsigned integer]. */
const Corrections = z
  .array(z.tuple([Count, z.int().min(0).max(0xffff_ffff)]))
  .max(mostCorrections)
  .optional();

/** FP32 weight × factor of its channel, rounded to FP32: what folding a normalization into a convolution does. */
const MultiplyStep = z.object({
  op: z.literal("Multiply"),
  ...weights,
  /** FP32, one a channel, at this offset of the literals. */
  factors: Offset,
  corrections: Corrections,
});

/** clip(round(weight / scale) + zero point): FP32 division, half to even; scale and zero point are the channel's. */
const QuantizeStep = z.object({
  op: z.literal("Quantize"),
  ...weights,
  type: z.enum(["INT8", "UINT8"]),
  /** FP32, one a channel, at this offset of the literals. */
  scales: Offset,
  /** Of the result's type, one a channel, at this offset of the literals. */
  zeroPoints: Offset,
  corrections: Corrections,
});

export const RecipeStep = z.discriminatedUnion("op", [LiteralStep, CopyStep, MultiplyStep, QuantizeStep]);
export type RecipeStep = z.infer<typeof RecipeStep>;
export type CopyStep = z.infer<typeof CopyStep>;
export type MultiplyStep = z.infer<typeof MultiplyStep>;
export type QuantizeStep = z.infer<typeof QuantizeStep>;

/**
 * How to make a variant's file again from the source model by weight arithmetic alone. The steps give the file from its
 * first byte to its last; the digest says whether it became the same file.
 */
export const VariantRecipe = z.object({
  ...envelope("VariantRecipe"),
  variant: VariantName,
  source: FileIdentity,
  result: FileIdentity,
  /** The bytes that no arithmetic gives, in the order of the file; behind them the numbers of the steps. */
  literals: z.object({
    bytes: Count.max(64 * 1024 * 1024),
    /** Base64 of the raw deflate of the bytes: base64 of the bytes themselves would hide repetitions from a gzip. */
    deflated: z.base64().max(largestJson),
  }),
  steps: z.array(RecipeStep).min(1).max(65_536),
});
export type VariantRecipe = z.infer<typeof VariantRecipe>;

/** The gzip as which a recipe is stored and sent. */
export function packRecipe(recipe: VariantRecipe): Uint8Array {
  return gzipSync(JSON.stringify(recipe), { level: 9 });
}

/** Reads what `packRecipe` wrote. The bytes are untrusted. Throws `DocumentError`. */
export function unpackRecipe(gzip: Uint8Array): VariantRecipe {
  let text: string;
  try {
    text = gunzipSync(gzip, { maxOutputLength: largestJson }).toString("utf8");
  } catch (error) {
    const large = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    throw new DocumentError(
      large ? `The variant recipe inflates to more than ${largestJson} bytes.` : "The variant recipe is not a gzip.",
    );
  }
  return parseDocument(VariantRecipe, text, "The variant recipe");
}
