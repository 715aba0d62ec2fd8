import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import type { CostTable, LoadStage } from "@sweetspot/crds";
import { CostModel, mean } from "@sweetspot/planner";
import { encoderPlan, rowOf } from "./data-plane/encoder-plan.ts";
import { jsonMix, ServedPlan } from "./data-plane/served-plan.ts";
import type { Progress, ProofOutcome } from "./proof.ts";

/** Rows and lengths of requests; each is a batch of its own, so that its time can be told from the others'. */
const shapes = [1, 4].flatMap((rows) => [16, 32, 64].map((length) => ({ rows, length })));
const settleSeconds = 35;
const burnSeconds = 60;
const burnersPerCpu = 2;
const measureSeconds = 6;
/** Share of the engines' time that the load takes while nothing else runs. */
const load = 0.25;

/**
 * A CPU burner on every CPU changes the machine's speed under a server. The error of a table is the mean over shapes of
 * |ln(observed / expected)|, where observed is the median of the shape's last batches under the burner.
 */
export async function proveRefit(progress: Progress): Promise<ProofOutcome> {
  progress("measuring the cost table of MiniLM-L3");
  const { plan, signature } = await encoderPlan();
  const single = { ...plan, batching: { ...plan.batching, maximumRows: 1 } };
  const table = plan.costTable as CostTable;
  const planned = CostModel.fromTable(table);
  const mixOf = (some: typeof shapes) =>
    jsonMix(
      some.map(({ rows, length }) =>
        rowOf(signature, length).map((tensor) => ({
          ...tensor,
          shape: [rows, ...tensor.shape.slice(1)],
          data: Buffer.concat(Array<Uint8Array>(rows).fill(new Uint8Array(tensor.data))),
        })),
      ),
      plan.outputs ?? [],
    );
  const rateOf = (some: typeof shapes) =>
    (load * plan.layout.instances * 1e6) /
    mean(some.map(({ rows, length }) => planned.batchMicroseconds(rows, length)));
  await using server = await ServedPlan.start(single);
  const run = async (some: typeof shapes, seconds: number): Promise<LoadStage> =>
    (await server.load(mixOf(some), { requestsPerSecond: rateOf(some), seconds }))[0] as LoadStage;
  progress(`${settleSeconds} s of load on a quiet machine`);
  await run(shapes, settleSeconds);
  const quiet = (await server.server.report()).drift;
  progress(`burners start; ${burnSeconds} s of the same load`);
  const burners = Array.from({ length: burnersPerCpu * availableParallelism() }, () =>
    spawn(process.execPath, ["-e", "for(;;);"]),
  );
  try {
    await run(shapes, burnSeconds);
    const refitted = await server.costTable();
    const burnt = (await server.server.report()).drift;
    const fitted = CostModel.fromTable(refitted);
    const measured = [];
    for (const shape of shapes) {
      await run([shape], measureSeconds);
      const { costRatio } = await server.server.report();
      const expected = planned.batchMicroseconds(shape.rows, shape.length);
      const observed = (costRatio ?? Number.NaN) * expected;
      const now = fitted.batchMicroseconds(shape.rows, shape.length);
      measured.push({ ...shape, expected, observed, fitted: now });
      progress(
        `${shape.rows} x ${shape.length}: table ${expected.toFixed(0)}, observed ${observed.toFixed(0)}, fitted ${now.toFixed(0)} us`,
      );
    }
    const before = mean(measured.map(({ observed, expected }) => Math.abs(Math.log(observed / expected))));
    const after = mean(measured.map(({ observed, fitted: now }) => Math.abs(Math.log(observed / now))));
    progress(
      `error of the table ${before.toFixed(3)} before, ${after.toFixed(3)} after; drift ${JSON.stringify(burnt)}`,
    );
    return {
      measures: [
        {
          name: "slow-down by the burner, observed over expected (so that there is something to follow)",
          figure: mean(measured.map(({ observed, expected }) => observed / expected)),
          atLeast: 1.2,
        },
        { name: "error of the refitted table after 60 s / of the plan's table", figure: after / before, atMost: 0.5 },
        { name: "drift reported", figure: Number(burnt?.state === "Drifted"), atLeast: 1 },
        { name: "drift reported before", figure: Number(quiet?.state === "Drifted"), atMost: 0 },
      ],
      raw: { measured, quiet, burnt, table, refitted },
    };
  } finally {
    for (const burner of burners) burner.kill("SIGKILL");
  }
}
