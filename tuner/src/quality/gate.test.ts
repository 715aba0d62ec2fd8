import { QualityResult } from "@sweetspot/crds";
import { seededRandom } from "@sweetspot/planner";
import { describe, expect, it } from "vitest";
import { bootstrapInterval } from "./bootstrap.ts";
import { judgeQuality } from "./gate.ts";
import type { SampleLoss } from "./metrics.ts";

const one = (lost: number): SampleLoss => ({ lost, of: 1 });
const errors = (samples: number, wrong: number): SampleLoss[] =>
  Array.from({ length: samples }, (_, index) => one(index < wrong ? 1 : 0));
const verdict = (losses: SampleLoss[], limit = 0.01) => judgeQuality("Top1Agreement", losses, limit).verdict;

describe("the interval", () => {
  it("of samples without an error is the two-sided rule of three", () => {
    expect(bootstrapInterval(errors(100, 0), seededRandom(1))?.high).toBeCloseTo(0.0362, 3);
    expect(bootstrapInterval(errors(1000, 0), seededRandom(1))?.high).toBeCloseTo(0.00368, 4);
  });

  it("of a few errors is as wide as Clopper and Pearson's", () => {
    const interval = bootstrapInterval(errors(100, 2), seededRandom(1));
    expect(interval?.low).toBeLessThanOrEqual(0.00244);
    expect(interval?.high).toBeGreaterThanOrEqual(0.0703);
  });

  it("counts characters, and keeps those of one text together", () => {
    const spread = Array.from({ length: 50 }, () => ({ lost: 1, of: 20 }));
    const clumped = Array.from({ length: 50 }, (_, index) => ({ lost: index < 5 ? 10 : 0, of: 20 }));
    const [even, uneven] = [spread, clumped].map((losses) => bootstrapInterval(losses, seededRandom(1)));
    expect(even?.estimate).toBe(uneven?.estimate);
    expect(uneven!.high - uneven!.low).toBeGreaterThan(1.5 * (even!.high - even!.low));
  });

  it("is the same for the same seed", () => {
    const losses = Array.from({ length: 30 }, (_, index) => one((index % 7) / 100));
    expect(bootstrapInterval(losses, seededRandom(3))).toEqual(bootstrapInterval(losses, seededRandom(3)));
  });
});

describe("the quality gate", () => {
  it("is not convinced by twenty samples without an error, and says how many more it takes", () => {
    const result = judgeQuality("Top1Agreement", errors(20, 0), 0.01);
    expect(result.verdict).toBe("Inconclusive");
    expect(QualityResult.parse(result)).toEqual(result);
    const more = result.moreSamples as number;
    expect(more).toBeGreaterThan(300);
    expect(more).toBeLessThan(450);
    expect(verdict(errors(20 + more, 0))).toBe("Pass");
  });

  it("passes what is surely below the limit and fails what is surely above", () => {
    expect(verdict(errors(2000, 4))).toBe("Pass");
    expect(verdict(errors(500, 25))).toBe("Fail");
    expect(judgeQuality("Top1Agreement", errors(500, 25), 0.01).moreSamples).toBeNull();
  });

  it("passes small steady losses of a continuous metric with few samples, and fails large ones", () => {
    const around = (centre: number) => Array.from({ length: 30 }, (_, index) => one(centre + ((index % 5) - 2) * 1e-4));
    expect(judgeQuality("CosineSimilarity", around(0.001), 0.01).verdict).toBe("Pass");
    expect(judgeQuality("CosineSimilarity", around(0.05), 0.01).verdict).toBe("Fail");
    expect(judgeQuality("CosineSimilarity", around(0.001).slice(0, 5), 0.01).verdict).toBe("Inconclusive");
  });

  it("takes characters as evidence: thirty texts without an error may be enough", () => {
    const texts = Array.from({ length: 30 }, () => ({ lost: 0, of: 25 }));
    expect(judgeQuality("TextAgreement", texts, 0.01).verdict).toBe("Pass");
    expect(judgeQuality("TextAgreement", texts.slice(0, 12), 0.01).verdict).toBe("Inconclusive");
  });

  it("cannot judge texts that are all empty", () => {
    const result = judgeQuality(
      "TextAgreement",
      Array.from({ length: 40 }, () => ({ lost: 0, of: 0 })),
      0.01,
    );
    expect(result).toMatchObject({ verdict: "Inconclusive", loss: { low: 0, high: 1 } });
    expect(QualityResult.parse(result)).toEqual(result);
  });

  it("counts a variant that is better than the reference as no loss", () => {
    const better = [...errors(600, 0), ...Array.from({ length: 20 }, () => one(-1))];
    const { loss, verdict } = judgeQuality("LabelAccuracy", better, 0.01);
    expect(loss.estimate).toBeLessThan(0);
    expect(verdict).toBe("Pass");
  });

  it("allows no loss at all under a limit of zero", () => {
    expect(verdict(errors(1000, 1), 0)).toBe("Fail");
    expect(verdict(errors(1000, 0), 0)).toBe("Inconclusive");
  });

  it("passes a variant just above the limit in no more than about 2.5 of a hundred cases", () => {
    const random = seededRandom(7);
    let passed = 0;
    for (let trial = 0; trial < 100; trial += 1) {
      const losses = Array.from({ length: 200 }, () => one(random() < 0.0205 ? 1 : 0));
      if (verdict(losses, 0.02) === "Pass") passed += 1;
    }
    expect(passed).toBeLessThanOrEqual(5);
  });
});
