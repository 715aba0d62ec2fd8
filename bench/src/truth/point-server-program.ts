import { parseDocument, ServingPlan } from "@sweetspot/crds";
import { startSidecar } from "@sweetspot/sidecar";

/**
 * The real server in a process of its own that takes one plan after the other from its parent, as text, and answers
 * each with its address. Ends with its parent.
 */
const complain = (...words: unknown[]) => console.error(...words);
const log = { info: () => {}, warn: complain, error: complain };
let sidecar: Awaited<ReturnType<typeof startSidecar>> | undefined;

process.on("message", async (text: string) => {
  const plan = parseDocument(ServingPlan, text, "The plan of a point of the grid");
  if (sidecar === undefined) {
    sidecar = await startSidecar({ plan, host: "127.0.0.1", httpPort: 0, metricsPort: 0, log });
  } else await sidecar.applyPlan(plan);
  process.send?.({ inferUrl: `http://127.0.0.1:${sidecar.httpPort}/v2/models/${plan.modelName}/infer` });
});
process.once("disconnect", async () => {
  await sidecar?.close({ drainMilliseconds: 0 });
  process.exit(0);
});
