import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { binariesAreThere, controlPlaneBinaries } from "../../cluster/src/index.ts";
import { OperatorPlace } from "../integration/operator-place.ts";
import { type EndState, FaultRun } from "./fault-run.ts";
import { repeatedJobs } from "./job-count.ts";
import { networkFaults, recreations, type Scenario } from "./scenarios.ts";

const there = await binariesAreThere(controlPlaneBinaries);

/** The others take longer, and are in the proof. */
const short = [...networkFaults, ...recreations].filter(({ name }) => !/410|429|all connections/.test(name));

describe.skipIf(!there)("an operator over a network that fails", () => {
  let place: OperatorPlace;
  let expected: EndState;
  const runs = new Map<Scenario, Promise<FaultRun>>();

  beforeAll(async () => {
    place = await OperatorPlace.start({ audit: true });
    const unharmed = await FaultRun.begin(place, "unharmed");
    unharmed.start();
    await unharmed.converged();
    expected = await unharmed.endState();
    // Each waits most of its time.
    for (const [index, scenario] of short.entries()) {
      const begun = FaultRun.begin(place, `fault-${index}`);
      const done = begun.then(async (run) => {
        await scenario.run(run);
        return run;
      });
      done.catch(() => undefined);
      runs.set(scenario, done);
    }
  }, 120_000);

  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
  });

  it.each(short.map((scenario) => [scenario.name, scenario] as const))(
    "comes to the same end after %s",
    async (_, scenario) => {
      const run = await runs.get(scenario);
      expect(await run?.differencesTo(expected)).toEqual([]);
      expect(repeatedJobs(place).filter((name) => name.startsWith(`${run?.namespace}/`))).toEqual([]);
    },
    90_000,
  );
});
