import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { binariesAreThere, controlPlaneBinaries } from "../../cluster/src/index.ts";
import { OperatorPlace } from "../integration/operator-place.ts";
import { type EndState, FaultRun } from "./fault-run.ts";
import { countUnharmed, deathsInTurn, runInTurn, type Unharmed } from "./in-turn.ts";

const there = await binariesAreThere(controlPlaneBinaries);

const atOnce = 4;

describe.skipIf(!there)("an operator that dies", () => {
  let place: OperatorPlace;
  let unharmed: Unharmed;
  let expected: EndState;

  beforeAll(async () => {
    place = await OperatorPlace.start();
    const run = await FaultRun.begin(place, "unharmed");
    unharmed = await countUnharmed(run);
    expected = await run.endState();
    expect(expected.names.filter((name) => /^(Job|TuningRun)\//.test(name))).toHaveLength(2);
  }, 120_000);

  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
  });

  it.each([
    ["after each action of the first reconcile", "actions", { certain: 7, most: 7 }],
    ["after every write, before it has heard of it", "writes", { certain: 12, most: Number.POSITIVE_INFINITY }],
  ] as const)(
    "%s is followed by one that comes to the same end",
    async (_, kind, { certain, most }) => {
      const fault = deathsInTurn[kind];
      const count = Math.min(most, fault.count(unharmed));
      expect(count).toBeGreaterThanOrEqual(certain);
      const turns = Array.from({ length: count }, (_, index) => index + 1);
      const ends = await runInTurn(place, { fault, turns, atOnce, prefix: kind }, async (run, n, came) => ({
        n,
        came,
        differences: await run.differencesTo(expected),
      }));
      // The later ones may fall together: status is written as often as it is looked at.
      const came = (n: number) => (n <= certain ? true : expect.any(Boolean));
      expect(ends).toEqual(turns.map((n) => ({ n, came: came(n), differences: [] })));
    },
    480_000,
  );
});
