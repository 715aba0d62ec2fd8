import { MadeVariant } from "@sweetspot/crds";
import { expect, it } from "vitest";
import { defaultVariants, notApplicable } from "./catalogue.ts";

it("half precision applies only where the engine has operators for it", () => {
  const x86 = { architecture: "x64", instructionSets: ["avx512_fp16", "avx512_bf16", "amx_bf16"] };
  const arm = { architecture: "arm64", instructionSets: ["asimd", "asimdhp", "bf16"] };
  const oldArm = { architecture: "arm64", instructionSets: ["asimd"] };
  expect(notApplicable("FP16", x86)).toContain("x86");
  expect(notApplicable("FP16", arm)).toBeNull();
  expect(notApplicable("FP16", oldArm)).toContain("asimdhp");
  for (const machine of [x86, arm, oldArm]) {
    expect(notApplicable("BF16", machine)).toContain("no BF16 operators");
    expect(notApplicable("INT8Dynamic", machine)).toBeNull();
  }
});

it("short budgets consider few variants, long ones all", () => {
  expect(defaultVariants(60)).toEqual(["Source", "INT8Dynamic", "INT8Static"]);
  expect(defaultVariants(600)).toEqual(MadeVariant.options);
});
