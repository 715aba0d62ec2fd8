import type { EngineName, EngineOptions, MadeVariant, VariantName } from "./common.ts";

/** What computes a variant, with which settings, and the form of the model in words. */
interface Computed {
  readonly engine: EngineName;
  readonly options?: EngineOptions;
  readonly form?: string;
}

/** The variants that another engine computes; the rest are files for ONNX Runtime. */
const elsewhere: Partial<Readonly<Record<MadeVariant, Computed>>> = {
  OpenVino: { engine: "OpenVino" },
  OpenVinoINT8: { engine: "OpenVino", form: "INT8" },
  CTranslate2: { engine: "CTranslate2" },
  CTranslate2INT8: { engine: "CTranslate2", options: { compute_type: "int8" }, form: "INT8" },
};

const computedOf = (variant: VariantName): Computed => {
  const known: Readonly<Record<string, Computed | undefined>> = elsewhere;
  return (Object.hasOwn(known, variant) ? known[variant] : undefined) ?? { engine: "OnnxRuntime", form: variant };
};

/** What computes a variant. */
export const engineOf = (variant: VariantName): EngineName => computedOf(variant).engine;

/** The settings of that engine which make the variant what it is; undefined where it needs none. */
export const engineOptionsOf = (variant: VariantName): EngineOptions | undefined => computedOf(variant).options;

/** Engine and variant in words: "OnnxRuntime INT8Dynamic", "OpenVino Source". */
export function engineAndVariant(variant: VariantName): string {
  const { engine, form = "Source" } = computedOf(variant);
  return `${engine} ${form}`;
}
