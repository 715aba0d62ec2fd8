import { describe, expect, it } from "vitest";
import { InputPipeline } from "./input-pipeline.ts";

const image = {
  input: "image",
  tensor: "x",
  layout: "NCHW",
  channels: "RGB",
  height: 224,
  width: 224,
  resize: "Cover",
  interpolation: "Cubic",
  background: 0,
  normalisation: { mean: [0.5, 0.5, 0.5], standardDeviation: [0.2, 0.2, 0.2] },
  maximumPixels: 1e7,
  maximumBytes: 1e7,
};
const text = {
  input: "text",
  tokenizer: { file: "tokenizer.json" },
  maximumCharacters: 100,
  maximumTokens: 10,
  truncation: "Right",
  inputs: { ids: "input_ids" },
};
const { width: _, ...free } = image;

const refusalOf = (pipeline: object) =>
  InputPipeline.safeParse({ threads: 1, ...pipeline }).error?.issues.map(
    ({ path, message }) => `${path.join(".")}: ${message}`,
  );

describe("the pipeline of a plan", () => {
  it.each([
    ["text", { text }],
    ["images of one size", { image }],
    ["images whose width follows from the picture", { image: { ...free, maximumWidth: 320, widthMultiple: 8 } }],
    [
      "one channel",
      { image: { ...image, channels: "Gray", normalisation: { mean: [0.5], standardDeviation: [0.5] } } },
    ],
  ])("takes %s", (_name, pipeline) => {
    expect(refusalOf(pipeline)).toBeUndefined();
  });

  it.each([
    ["nothing to prepare", {}, "either text or image"],
    ["text and images at once", { text, image }, "either text or image"],
    ["no width", { image: free }, "either width or maximumWidth"],
    ["two widths", { image: { ...image, maximumWidth: 320 } }, "either width or maximumWidth"],
    ["three means for one channel", { image: { ...image, channels: "Gray" } }, "one value for each channel"],
    [
      "a deviation of zero",
      { image: { ...image, normalisation: { mean: [0, 0, 0], standardDeviation: [1, 0, 1] } } },
      "standardDeviation.1",
    ],
    ["a crop of more than all", { image: { ...image, cropFraction: 1.5 } }, "cropFraction"],
  ])("refuses %s", (_name, pipeline, expected) => {
    expect(refusalOf(pipeline)?.join("; ")).toContain(expected);
  });
});
