import type { ServingPlan } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { type OnnxValue, onnxModel, writeOnnx } from "../../../test/src/builders/onnx-model.ts";
import { PlanError } from "../plan/plan-error.ts";
import { safePlan } from "../plan/safe-plan.ts";
import { type TextOptions, withTextPipeline } from "./default-pipeline.ts";

const target = { percentile: "P99", latencyMilliseconds: 100 } as const;
const vectors = (name: string): OnnxValue => ({ name, type: "FP32", shape: ["batch", 8] });
const tokens = (name: string): OnnxValue => ({ name, type: "FP32", shape: ["batch", "sequence", 8] });

/** An encoder by its names and shapes only: nothing here runs it. */
async function planFor(
  inputs: string[],
  outputs: OnnxValue[],
  options: Partial<TextOptions> = {},
): Promise<ServingPlan> {
  const shape = ["batch", "sequence"];
  const tensors = inputs.map((name) => ({ name, type: "INT64", shape }) as const);
  const nodes = [{ op: "Identity", inputs: [inputs[0] as string], outputs: ["unused"] }];
  const graph = onnxModel({ inputs: tensors, outputs, nodes });
  const plan = await safePlan(await writeOnnx(graph), "encoder", target, 1);
  return withTextPipeline(plan, { tokenizer: "/models/tokenizer.json", ...options });
}

const embeddingOf = async (outputs: OnnxValue[], options: Partial<TextOptions> = {}) =>
  (await planFor(["input_ids", "attention_mask"], outputs, options)).pipeline?.embedding;

describe("the pipeline that serve makes of a tokenizer", () => {
  it("finds the inputs by their usual names", async () => {
    const plan = await planFor(["input_ids", "token_type_ids", "attention_mask"], [tokens("last_hidden_state")]);
    expect(plan.pipeline?.text).toEqual({
      input: "text",
      tokenizer: { file: "/models/tokenizer.json" },
      maximumCharacters: 65_536,
      maximumTokens: 512,
      truncation: "Right",
      inputs: { ids: "input_ids", mask: "attention_mask", typeIds: "token_type_ids" },
    });
  });

  it("prefers an output that is meant for sentences, and averages token vectors", async () => {
    const pooled = { name: "embedding", output: "sentence_embedding", pooling: "None", normalise: true };
    expect(await embeddingOf([tokens("token_embeddings"), vectors("sentence_embedding")])).toEqual(pooled);
    // What BERT calls its pooled output was trained for another purpose.
    const both = await embeddingOf([tokens("last_hidden_state"), vectors("pooler_output")]);
    expect(both).toMatchObject({ output: "last_hidden_state", pooling: "Mean" });
    expect(await embeddingOf([vectors("only")])).toMatchObject({ output: "only", pooling: "None" });
  });

  it("does what the user says instead", async () => {
    const options = { embeddingOutput: "token_embeddings", pooling: "Cls" } as const;
    const chosen = await embeddingOf([tokens("token_embeddings"), vectors("sentence_embedding")], options);
    expect(chosen).toMatchObject({ output: "token_embeddings", pooling: "Cls" });
  });

  it("asks where it cannot know", async () => {
    await expect(embeddingOf([vectors("a"), vectors("b")])).rejects.toThrow(
      "give --embedding-output, one of: 'a', 'b'",
    );
    await expect(embeddingOf([vectors("a")], { embeddingOutput: "z" })).rejects.toThrow(PlanError);
    await expect(planFor(["input_ids", "pixels"], [vectors("a")])).rejects.toThrow(
      "Text cannot fill the model's input 'pixels'",
    );
    await expect(planFor(["attention_mask"], [vectors("a")])).rejects.toThrow("no input 'input_ids'");
  });
});
