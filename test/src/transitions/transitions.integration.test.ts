import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { binariesAreThere, controlPlaneBinaries } from "../../cluster/src/index.ts";
import { OperatorPlace } from "../integration/operator-place.ts";
import { coveringTransitions } from "./any-spec.ts";
import { runTransitions } from "./run-transitions.ts";
import { changedLeaves, leavesOf, specSchema } from "./spec-schema.ts";

const there = await binariesAreThere(controlPlaneBinaries);
const transitions = coveringTransitions(5, 4);

describe("generated specs", () => {
  it("have every field of the schema changed at least once", () => {
    const changed = new Set(transitions.flatMap(({ from, to }) => [...changedLeaves(from, to)]));
    expect(leavesOf(specSchema).length).toBeGreaterThan(35);
    expect(leavesOf(specSchema).filter((leaf) => !changed.has(leaf))).toEqual([]);
  });
});

describe.skipIf(!there)("changes of everything in a spec, taken back again", () => {
  let place: OperatorPlace;

  beforeAll(async () => {
    place = await OperatorPlace.start();
  }, 120_000);

  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
  });

  it("come to what was asked or to a condition, and leave nothing behind", async () => {
    const results = await runTransitions(place, place.startOperator(undefined), transitions, "short");
    expect(results.flatMap(({ problems }, index) => problems.map((problem) => `t${index} ${problem}`))).toEqual([]);
  }, 120_000);
});
