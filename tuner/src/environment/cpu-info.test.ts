import { describe, expect, it } from "vitest";
import { hasIntegerDotProduct, parseCpuInfo } from "./cpu-info.ts";

const sapphireRapids = `processor	: 0
vendor_id	: GenuineIntel
model name	: Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz
flags		: fpu sse2 ssse3 fma sse4_1 avx f16c avx2 avx512f avx512bw avx_vnni avx512_bf16 avx512_vnni amx_bf16 amx_tile amx_int8
bugs		: spectre_v1

processor	: 1
model name	: another
`;
const zen3 = "model name\t: AMD EPYC 7763\nflags\t\t: sse4_1 fma avx f16c avx2 sha_ni\n";
const graviton3 = `processor	: 0
BogoMIPS	: 2100.00
Features	: fp asimd aes crc32 asimdhp asimddp sve i8mm bf16 rng
CPU implementer	: 0x41
CPU part	: 0xd40
`;

describe("/proc/cpuinfo", () => {
  it("tells the instruction sets of the first x86 CPU", () => {
    const { instructionSets } = parseCpuInfo(sapphireRapids);
    expect(instructionSets).toEqual(expect.arrayContaining(["avx2", "avx512_vnni", "amx_int8", "amx_bf16"]));
    expect(instructionSets).not.toContain("fpu");
  });

  it("tells those of an ARM CPU, which calls them features", () => {
    const { instructionSets } = parseCpuInfo(graviton3);
    expect(instructionSets).toEqual(["asimd", "asimdhp", "asimddp", "sve", "i8mm", "bf16"]);
  });

  it("gives nothing where there is no such file", () => {
    expect(parseCpuInfo("")).toEqual({ instructionSets: [] });
  });

  it("tells CPUs that add 8-bit products without saturation from those that do not", () => {
    const able = [sapphireRapids, zen3, graviton3].map((text) =>
      hasIntegerDotProduct(parseCpuInfo(text).instructionSets),
    );
    expect(able).toEqual([true, false, true]);
  });
});
