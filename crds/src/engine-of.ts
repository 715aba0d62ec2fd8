import type { EngineName, VariantName } from "./common.ts";

/** What computes a variant: all are files for ONNX Runtime, but for the one that is the source model on another engine. */
export const engineOf = (variant: VariantName): EngineName => (variant === "OpenVino" ? "OpenVino" : "OnnxRuntime");

/** Engine and variant in words: "OnnxRuntime INT8Dynamic", "OpenVino Source". */
export const engineAndVariant = (variant: VariantName): string =>
  `${engineOf(variant)} ${variant === "OpenVino" ? "Source" : variant}`;
