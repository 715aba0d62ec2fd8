import { benchEngines } from "./engines.ts";
import { benchPeers } from "./peers/peers.ts";
import { benchPipeline } from "./pipeline.ts";
import { benchScheduler } from "./scheduler.ts";
import { benchSidecar } from "./sidecar.ts";
import { benchSimulator } from "./simulator.ts";
import { benchTruth } from "./truth/truth.ts";

const benchmarks: Readonly<Record<string, (words: readonly string[]) => Promise<void>>> = {
  engines: benchEngines,
  peers: benchPeers,
  pipeline: benchPipeline,
  scheduler: benchScheduler,
  sidecar: benchSidecar,
  simulator: benchSimulator,
  truth: benchTruth,
};

const [name = "", ...words] = process.argv.slice(2);
const benchmark = benchmarks[name];
if (benchmark === undefined) {
  console.error(`Usage: npm run bench -- NAME\n\nNAME is one of: ${Object.keys(benchmarks).join(", ")}.`);
  console.error("Each prints a table and writes it, with the raw rounds, into bench/results.");
  process.exitCode = 2;
} else {
  await benchmark(words);
}
