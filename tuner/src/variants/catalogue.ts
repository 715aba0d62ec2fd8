import { type Environment, MadeVariant } from "@sweetspot/crds";

/** How a variant is made, and what it may cost. */
interface Kind {
  readonly mode: "dynamic" | "static" | "nncf" | "optimized" | "half";
  /** Only the order of floating-point operations differs: made-up inputs are enough to check it. */
  readonly lossless: boolean;
  readonly method?: "minmax" | "entropy" | "percentile";
}

/** The source model on another engine. */
type Elsewhere = "OpenVino" | "CTranslate2" | "CTranslate2INT8";

/** The variants that the Python tools make. BF16 is none: see `notApplicable`. */
const kinds: Readonly<Record<Exclude<MadeVariant, "Source" | "BF16" | Elsewhere>, Kind>> = {
  INT8Dynamic: { mode: "dynamic", lossless: false },
  INT8Static: { mode: "static", method: "minmax", lossless: false },
  INT8StaticEntropy: { mode: "static", method: "entropy", lossless: false },
  INT8StaticPercentile: { mode: "static", method: "percentile", lossless: false },
  INT8StaticMixed: { mode: "static", method: "minmax", lossless: false },
  OpenVinoINT8: { mode: "nncf", lossless: false },
  Optimized: { mode: "optimized", lossless: true },
  FP16: { mode: "half", lossless: false },
};

/** A variant that the tools can make. */
export type ToolVariant = keyof typeof kinds;

export const kindOf = (variant: ToolVariant): Kind => kinds[variant];

/** Does it take the ranges of activations from samples? */
export const needsCalibration = (variant: ToolVariant): boolean => ["static", "nncf"].includes(kinds[variant].mode);

export const isToolVariant = (variant: string): variant is ToolVariant => Object.hasOwn(kinds, variant);

/** Same operators, so the same speed; they differ in the ranges of activations, and so in what they lose. */
const twins: ReadonlySet<string> = new Set(["INT8Static", "INT8StaticEntropy", "INT8StaticPercentile"]);
export const isTwin = (variant: string): boolean => twins.has(variant);

/** Other engines compute in FP32 unless the name says otherwise. */
const lossless: ReadonlySet<string> = new Set(["Source", "OpenVino", "CTranslate2"]);

export const isLossless = (variant: string): boolean =>
  lossless.has(variant) || (isToolVariant(variant) && kindOf(variant).lossless);

/** Budgets below this have time for the three variants that usually decide, longer ones for all. */
const thoroughBudgetSeconds = 180;
const usual: readonly MadeVariant[] = ["Source", "INT8Dynamic", "INT8Static"];

/** The variants that are considered when nobody says which. */
export const defaultVariants = (budgetSeconds: number): readonly MadeVariant[] =>
  budgetSeconds < thoroughBudgetSeconds ? usual : MadeVariant.options;

/** Why the machine and the engine have no use for a variant; null where they may have. */
export function notApplicable(
  variant: MadeVariant,
  environment: Pick<Environment, "architecture" | "instructionSets">,
) {
  if (variant === "BF16") {
    return "ONNX Runtime has no BF16 operators for CPUs: it would compute in FP32 and convert on the way.";
  }
  if (variant !== "FP16") return null;
  if (environment.architecture === "arm64" && environment.instructionSets.includes("asimdhp")) return null;
  const arm = environment.architecture === "arm64";
  const where = arm ? "ARM CPUs without FP16 arithmetic (asimdhp)" : "x86 CPUs";
  return `ONNX Runtime has no FP16 operators for ${where}: it would compute in FP32 and convert on the way.`;
}
