/** The instruction sets that decide which kernels an engine takes, by their names in /proc/cpuinfo. */
const decisive = new Set([
  ...["sse4_1", "avx", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "avx512_fp16"],
  ...["avx_vnni", "avx_vnni_int8", "amx_tile", "amx_int8", "amx_bf16", "amx_fp16"],
  ...["asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2", "svei8mm", "svebf16", "sme"],
]);

/** What /proc/cpuinfo says of the first CPU. */
export interface CpuInfo {
  /** In the file's order, only those that decide kernels. */
  readonly instructionSets: string[];
}

/** Reads /proc/cpuinfo of x86 ("flags") and of ARM ("Features"). */
export function parseCpuInfo(text: string): CpuInfo {
  const field = (name: string) => new RegExp(`^${name}\\s*:\\s*(.*\\S)`, "m").exec(text)?.[1] ?? null;
  const flags = field("flags") ?? field("Features") ?? "";
  return {
    instructionSets: flags.split(/\s+/).filter((flag) => decisive.has(flag)),
  };
}

/** Does the CPU accumulate products of 8-bit integers without saturation (VNNI, AMX, ARM dot products)? */
export function hasIntegerDotProduct(instructionSets: readonly string[]): boolean {
  return ["avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm"].some((name) => instructionSets.includes(name));
}
