import { floatsJson } from "../oip/float-json.ts";

/** What is answered: one vector for each input, in order. */
export interface EmbeddingsAnswer {
  readonly model: string;
  readonly vectors: readonly Float32Array[];
  readonly encoding: "float" | "base64";
  /** Tokens of all inputs together, the special ones included. */
  readonly tokens: number;
}

/** The body of an answer. NaN and infinities, which JSON lacks, are `null` as floats and themselves in base64. */
export function encodeEmbeddings({ model, vectors, encoding, tokens }: EmbeddingsAnswer): string {
  const data = vectors.map((vector, index) => {
    const embedding = encoding === "float" ? `[${floatsJson(vector)}]` : `"${base64(vector)}"`;
    return `{"object":"embedding","index":${index},"embedding":${embedding}}`;
  });
  const usage = `{"prompt_tokens":${tokens},"total_tokens":${tokens}}`;
  return `{"object":"list","data":[${data.join(",")}],"model":${JSON.stringify(model)},"usage":${usage}}`;
}

/** Little-endian FP32. */
const base64 = ({ buffer, byteOffset, byteLength }: Float32Array): string =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString("base64");
