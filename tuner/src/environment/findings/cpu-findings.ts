import type { DoctorFinding } from "@sweetspot/crds";
import { hasIntegerDotProduct } from "../cpu-info.ts";
import { type CpuTopology, spareSiblings } from "../cpu-topology.ts";
import type { FrequencyFacts } from "../frequency.ts";
import { advice, count, good, problem, unknown } from "./finding.ts";

/** Instruction sets that are worth naming to people, with what they are good for. */
const notable: readonly (readonly [names: readonly string[], what: string])[] = [
  [["amx_int8", "amx_bf16", "amx_tile"], "AMX (tiles of INT8 and BF16 products)"],
  [["avx512_vnni", "avx_vnni"], "VNNI (INT8 products)"],
  [["avx512_bf16"], "AVX-512 BF16"],
  [["avx512f"], "AVX-512"],
  [["avx2"], "AVX2"],
  [["i8mm"], "i8mm (tiles of INT8 products)"],
  [["asimddp"], "dot products of INT8"],
  [["sve", "sve2"], "SVE"],
  [["asimd"], "NEON"],
];

/** `instructionSets`: those of the first CPU as `parseCpuInfo` gives them. */
export function instructionFinding(
  model: string,
  architecture: string,
  instructionSets: readonly string[],
): DoctorFinding {
  const check = "InstructionSets";
  if (instructionSets.length === 0) {
    return unknown(check, `${model} (${architecture}); the system does not tell its instruction sets.`);
  }
  const known = notable.flatMap(([names, what]) =>
    names.some((name) => instructionSets.includes(name)) ? [what] : [],
  );
  const cpu = `${model} (${architecture}) with ${known.join(", ") || "no vector instructions that matter here"}.`;
  const vector = ["avx2", "asimd"].some((name) => instructionSets.includes(name));
  if (!vector) {
    const next = "Serve on a newer CPU, or let the hypervisor pass the CPU's flags on.";
    return problem(check, `${cpu} Engines fall back to kernels that are several times slower.`, next);
  }
  if (hasIntegerDotProduct(instructionSets)) return good(check, `${cpu} INT8 variants are worth trying.`);
  return advice(
    check,
    `${cpu} It has no instructions for sums of INT8 products, so INT8 variants gain less and use a reduced range.`,
    "Nothing has to be done: the tuner measures it. For more from INT8 take a CPU with VNNI, AMX or ARM dot products.",
  );
}

/** Two threads of one core share its arithmetic: the second adds little to a model that keeps the first busy. */
export function coreFinding(topology: CpuTopology, usable: readonly number[]): DoctorFinding {
  const { cores, virtual } = topology;
  const spare = spareSiblings(topology, usable);
  const doubt = virtual ? " A hypervisor may hide that some share a core." : "";
  if (cores.length === 0) return unknown("Cores", "The system does not tell which CPUs share a core.");
  const widest = Math.max(...cores.map((core) => core.length));
  if (spare.length > 0) {
    const sentence = `${count(usable.length, "usable CPU")} on ${count(cores.length, "core")}: ${spare.join(", ")} share a core with another one (SMT).`;
    const next = `Expect less than ${count(usable.length, "CPU")} of work. To compare, run on one thread of each core: taskset -c ${withoutSpare(usable, spare)}.`;
    return advice("Cores", sentence, next);
  }
  if (widest > 1) {
    const sentence = `${count(usable.length, "usable CPU")}, each with a sibling on the same core that this process may not use but others may (SMT).`;
    const next =
      "For steady latency have whole cores: the kubelet's full-pcpus-only policy, or a CPU set that holds both siblings.";
    return advice("Cores", sentence, next);
  }
  return good("Cores", `${count(usable.length, "usable CPU")}, each on a core of its own.${doubt}`);
}

const withoutSpare = (usable: readonly number[], spare: readonly number[]): string =>
  usable.filter((cpu) => !spare.includes(cpu)).join(",");

/** Memory of another node is reached at about half the speed. */
export function numaFinding({ numaNodes, virtual }: CpuTopology, usable: readonly number[]): DoctorFinding {
  if (numaNodes.length === 0) return unknown("Numa", "The system does not tell how memory and CPUs lie together.");
  const doubt = virtual ? " (as far as the hypervisor tells)" : "";
  if (numaNodes.length === 1) return good("Numa", `All CPUs are equally near to the memory${doubt}.`);
  const used = numaNodes.filter((cpus) => cpus.some((cpu) => usable.includes(cpu)));
  if (used.length <= 1)
    return good("Numa", `All usable CPUs lie on one of the ${numaNodes.length} NUMA nodes${doubt}.`);
  return advice(
    "Numa",
    `The usable CPUs lie on ${used.length} of ${numaNodes.length} NUMA nodes${doubt}: an engine whose threads are on two nodes waits for far memory.`,
    "Serve one replica per node (the kubelet's Topology Manager with single-numa-node, or numactl --cpunodebind --membind).",
  );
}

/** A clock that follows the load makes short requests slower than the same requests under load. */
export function frequencyFinding(facts: FrequencyFacts): DoctorFinding {
  const check = "Frequency";
  const { governor, driver, currentMegahertz, maximumMegahertz } = facts;
  if (governor === null)
    return unknown(check, "The clock is not shown here, as in most virtual machines: the host governs it.");
  const clock = currentMegahertz && maximumMegahertz ? ` (now ${currentMegahertz} of ${maximumMegahertz} MHz)` : "";
  const named = `The governor is ${governor}${driver === null ? "" : ` of ${driver}`}${clock}`;
  const next = "For production set it to performance: cpupower frequency-set -g performance.";
  if (governor === "performance") return good(check, `${named}.`);
  // Under these two drivers the CPU chooses its clock itself and the governor only hints.
  if (governor === "powersave" && !/^(intel_pstate|amd-pstate-epp|amd_pstate_epp)$/.test(driver ?? "")) {
    return problem(check, `${named}: the CPU stays at its lowest clock, whatever the load.`, next);
  }
  return advice(check, `${named}: the clock rises only after some milliseconds of load, so latencies vary.`, next);
}
