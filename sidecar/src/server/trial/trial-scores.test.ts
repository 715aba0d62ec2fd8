import { blockScore, seededRandom, switchbackBlock } from "@sweetspot/planner";
import { describe, expect, it } from "vitest";
import type { Outcome } from "../../telemetry/service-level.ts";
import { TrialScores } from "./trial-scores.ts";

const design = { seed: 3, blockSeconds: 10, washOutSeconds: 2 };
const second = 1e6;
const start = 1000 * second;
const target = 100;

interface Request {
  /** Seconds since the beginning. */
  readonly at: number;
  readonly outcome: Outcome;
  readonly milliseconds: number;
}

/** Requests from now and then, in the order of their events. */
function replay(scores: TrialScores, requests: readonly Request[]): void {
  const events = requests.flatMap(({ at, outcome, milliseconds }) => {
    const arrival = start + at * second;
    return [
      { instant: arrival, act: () => scores.began(arrival) },
      { instant: arrival + milliseconds * 1000, act: () => scores.ended(arrival, outcome, milliseconds * 1000) },
    ];
  });
  for (const { act } of events.sort((a, b) => a.instant - b.instant)) act();
}

const answered = (at: number, milliseconds: number): Request => ({ at, outcome: "Answered", milliseconds });

describe("the scores of a trial", () => {
  it("are those of the requests that arrived in each block after its wash-out, whenever they ended", () => {
    const random = seededRandom(1);
    const outcomes: Outcome[] = ["Answered", "Answered", "Answered", "Refused", "Expired", "Failed", "Excluded"];
    const requests = Array.from({ length: 2000 }, () => ({
      at: random() * 80,
      outcome: outcomes[Math.floor(random() * outcomes.length)] as Outcome,
      milliseconds: 600 * random() ** 3,
    }));
    const scores = new TrialScores(design, target, start);
    replay(scores, requests);
    const pairs = scores.pairs(start + 81 * second);
    expect(pairs.map(({ pair }) => pair)).toEqual([0, 1, 2, 3]);
    for (const { pair, ...scored } of pairs) {
      for (const arm of ["Incumbent", "Candidate"] as const) {
        const own = requests.filter(({ at, outcome }) => {
          const block = switchbackBlock(design, at);
          return block.pair === pair && block.arm === arm && !block.washingOut && outcome !== "Excluded";
        });
        const latencies = own.filter(({ outcome }) => outcome === "Answered").map(({ milliseconds }) => milliseconds);
        const key = arm === "Incumbent" ? "incumbent" : "candidate";
        expect(scored[key]).toBeCloseTo(blockScore(latencies, own.length - latencies.length, target)!, 6);
        expect(scored[`${key}Requests`]).toBe(own.length);
      }
    }
  });

  it("are told only when they cannot change, and what has not ended then counts for the most", () => {
    const scores = new TrialScores(design, target, start);
    replay(scores, [answered(5, 10), answered(15, 10)]);
    scores.began(start + 16 * second);
    expect(scores.pairs(start + 20 * second)).toEqual([]);
    const [pair] = scores.pairs(start + 20.5 * second);
    const hung = switchbackBlock(design, 16).arm === "Incumbent" ? "incumbent" : "candidate";
    expect(pair).toMatchObject({ [hung]: (10 + 4 * target) / 2, [`${hung}Requests`]: 2 });
    scores.ended(start + 16 * second, "Answered", 9 * second);
    expect(scores.pairs(start + 30 * second)).toEqual([pair]);
  });

  it("leave out a pair with an empty block, one that the trial did not end, and what came before it began", () => {
    const scores = new TrialScores(design, target, start);
    replay(scores, [answered(-5, 10), answered(5, 10), answered(25, 10), answered(35, 10), answered(45, 10)]);
    scores.endAt(start + 50 * second);
    replay(scores, [answered(55, 10)]);
    expect(scores.pairs(start + 100 * second).map(({ pair }) => pair)).toEqual([1]);
  });

  it("are kept of the last 256 pairs", () => {
    const scores = new TrialScores({ seed: 1, blockSeconds: 1, washOutSeconds: 0 }, target, start);
    for (let at = 0.5; at < 600; at += 1) replay(scores, [answered(at, 1)]);
    const pairs = scores.pairs(start + 700 * second);
    expect(pairs.map(({ pair }) => pair)).toEqual(Array.from({ length: 256 }, (_, i) => 44 + i));
  });
});
