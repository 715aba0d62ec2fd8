import { CpuIdentity } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { parseCpuModel, readCpuIdentity } from "./cpu-model.ts";

describe("the CPU's model", () => {
  it("is that of the first x86 CPU", () => {
    const text = "processor\t: 0\nmodel name\t: AMD EPYC 7763 \nflags\t\t: avx2\n\nmodel name\t: another\n";
    expect(parseCpuModel(text)).toBe("AMD EPYC 7763");
  });

  it("is made of numbers on ARM, which has no name for it", () => {
    const text = "BogoMIPS\t: 2100.00\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n";
    expect(parseCpuModel(text)).toBe("ARM implementer 0x41 part 0xd40");
  });

  it("is unknown where no file names one", () => {
    expect(parseCpuModel("")).toBeNull();
  });
});

describe("this machine", () => {
  it("has an identity that keeps the contract, whether or not its files can be read", () => {
    for (const identity of [readCpuIdentity(), readCpuIdentity(() => null)]) {
      expect(CpuIdentity.parse(identity)).toEqual(identity);
      expect(identity.architecture).toBe(process.arch);
    }
  });
});
