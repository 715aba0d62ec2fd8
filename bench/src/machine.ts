import type { Environment } from "@sweetspot/crds";

/**
 * The machine of a result in one line. The name of a CPU alone says too little: clouds give one name to CPUs with and
 * without AVX-512. What was measured on another machine is neither continued nor compared.
 */
export const machineOf = ({ cpuModel, usableCpus, instructionSets }: Environment): string =>
  `${cpuModel}, ${usableCpus} CPUs, ${instructionSets.join(" ")}`;
