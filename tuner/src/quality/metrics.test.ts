import { QualityMetric, Task } from "@sweetspot/crds";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editDistance } from "./edit-distance.ts";
import { defaultMetric, lossOf } from "./metrics.ts";
import type { Reading } from "./reading.ts";

const vectors = (...lists: number[][]): Reading => ({ kind: "vectors", vectors: lists });
const classes = (...list: number[]): Reading => ({ kind: "classes", classes: list });
const text = (word: string): Reading => ({ kind: "text", classes: Array.from(word, (c) => c.charCodeAt(0)) });
const cosine = (a: Reading, b: Reading) => lossOf("CosineSimilarity", a, b, null).lost;

describe("cosine similarity", () => {
  it("loses nothing to scale, all to opposites and half a turn at most 1", () => {
    expect(cosine(vectors([1, 2]), vectors([2, 4]))).toBeCloseTo(0, 12);
    expect(cosine(vectors([1, 0]), vectors([1, 1]))).toBeCloseTo(1 - Math.SQRT1_2, 12);
    expect(cosine(vectors([1, 0]), vectors([-1, 0]))).toBe(1);
  });

  it("counts the worst output", () => {
    expect(cosine(vectors([1, 0], [1, 0]), vectors([1, 0], [0, 1]))).toBe(1);
  });

  it("is lost by NaN, by another size and by a vanished vector, but not by two zeros", () => {
    expect(cosine(vectors([1, 2]), vectors([Number.NaN, 2]))).toBe(1);
    expect(cosine(vectors([1, 2]), vectors([1]))).toBe(1);
    expect(cosine(vectors([1, 2]), vectors([0, 0]))).toBe(1);
    expect(cosine(vectors([0, 0]), vectors([0, 0]))).toBe(0);
  });
});

describe("the class on top", () => {
  it("loses a sample when it changes, a share of it among several positions", () => {
    expect(lossOf("Top1Agreement", classes(3), classes(3), null)).toEqual({ lost: 0, of: 1 });
    expect(lossOf("Top1Agreement", classes(3), classes(4), null)).toEqual({ lost: 1, of: 1 });
    expect(lossOf("Top1Agreement", classes(3, 1, 2, 2), classes(3, 1, 2, 0), null).lost).toBe(0.25);
  });

  it("is lost where there is none on either side", () => {
    expect(lossOf("Top1Agreement", classes(-1), classes(-1), null).lost).toBe(1);
  });
});

describe("label accuracy", () => {
  it.each([
    [2, 2, 0],
    [2, 5, 1],
    [5, 2, -1],
    [5, 6, 0],
  ])("with reference %i, variant %i and label 2 loses %i", (reference, variant, lost) => {
    expect(lossOf("LabelAccuracy", classes(reference), classes(variant), 2).lost).toBe(lost);
    expect(lossOf("LabelAccuracy", classes(reference), classes(variant), "2").lost).toBe(lost);
  });

  it.each([null, "cat"])("cannot be told from the label %j", (label) => {
    expect(() => lossOf("LabelAccuracy", classes(1), classes(1), label)).toThrow(/class index/);
  });
});

describe("text agreement", () => {
  it("counts edits over the reference's characters", () => {
    expect(lossOf("TextAgreement", text("kitten"), text("sitting"), null)).toEqual({ lost: 3, of: 6 });
    expect(lossOf("TextAgreement", text(""), text("ab"), null)).toEqual({ lost: 2, of: 0 });
  });

  it("is a metric: symmetric, zero only for equal texts, and no longer than a detour", () => {
    const word = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 8 });
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a.join() === b.join());
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
      }),
    );
  });
});

describe("the metric of a task", () => {
  it("needs labels only where there are some", () => {
    expect(defaultMetric("ImageClassification", true)).toBe("LabelAccuracy");
    expect(defaultMetric("ImageClassification", false)).toBe("Top1Agreement");
    expect(defaultMetric("TextRecognition", true)).toBe("TextAgreement");
    for (const task of Task.options) expect(QualityMetric.options).toContain(defaultMetric(task, false));
  });
});
