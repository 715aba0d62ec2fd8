import { takeTensorNodeFlags } from "@sweetspot/sidecar/node-flags";
import { benchmarks } from "./benchmarks.ts";

// Some benchmarks time engines in this process.
takeTensorNodeFlags();

const [name = "", ...words] = process.argv.slice(2);
const load = benchmarks[name];
if (load === undefined) {
  console.error(`Usage: npm run bench -- NAME\n\nNAME is one of: ${Object.keys(benchmarks).join(", ")}.`);
  console.error("Each prints a table and writes it, with the raw rounds, into bench/results.");
  process.exitCode = 2;
} else {
  const benchmark = await load();
  await benchmark(words);
}
