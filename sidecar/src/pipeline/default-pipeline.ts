import { resolve } from "node:path";
import type { Embedding, InputPipeline, ServingPlan, TextPipeline } from "@sweetspot/crds";
import { describeModel } from "../model/describe-model.ts";
import type { ModelSignature, TensorSpec } from "../model/signature.ts";
import { PlanError } from "../plan/plan-error.ts";

/** What a user may say of a model's texts. */
export interface TextOptions {
  /** A Hugging Face `tokenizer.json`. */
  readonly tokenizer: string;
  /** The model's output that embeddings are made of; found by its name or form unless given. */
  readonly embeddingOutput?: string;
  /** Unless given: the mean over the tokens where the output has one vector for each. */
  readonly pooling?: Embedding["pooling"];
}

/** Names that exporters of encoders give to the inputs. */
const usualInputs = {
  ids: ["input_ids"],
  mask: ["attention_mask"],
  typeIds: ["token_type_ids"],
  positionIds: ["position_ids"],
} as const satisfies Record<keyof TextPipeline["inputs"], readonly string[]>;

/** Outputs that are meant for embeddings, best first. */
const usualOutputs = ["sentence_embedding", "last_hidden_state", "token_embeddings"];
const usualPositions = 512;
/** Natural language has about four for each token; far beyond that a text is a mistake or an attack. */
const charactersPerToken = 128;

/**
 * The plan with a pipeline from text to embeddings, for an encoder whose tensors have the usual names. Throws
 * `PlanError`, whose message says what to give.
 */
export async function withTextPipeline(plan: ServingPlan, options: TextOptions): Promise<ServingPlan> {
  const signature = await describeModel(plan.artifact.file);
  return { ...plan, pipeline: textPipeline(signature, options) };
}

function textPipeline(signature: ModelSignature, options: TextOptions): InputPipeline {
  const maximumTokens = tokenLimit(signature);
  return {
    threads: 1,
    text: {
      input: "text",
      tokenizer: { file: resolve(options.tokenizer) },
      maximumCharacters: maximumTokens * charactersPerToken,
      maximumTokens,
      truncation: "Right",
      inputs: textInputs(signature),
    },
    embedding: embeddingOf(signature, options),
  };
}

function textInputs({ inputs }: ModelSignature): TextPipeline["inputs"] {
  const found: Partial<TextPipeline["inputs"]> = {};
  for (const { name } of inputs) {
    const roles = Object.keys(usualInputs) as (keyof typeof usualInputs)[];
    const role = roles.find((each) => (usualInputs[each] as readonly string[]).includes(name));
    if (role === undefined) {
      throw new PlanError(
        `Text cannot fill the model's input '${name}'; serve it without --tokenizer, or write a plan.`,
      );
    }
    found[role] = name;
  }
  const { ids } = found;
  if (ids === undefined) {
    throw new PlanError(
      "The model has no input 'input_ids' for tokens; serve it without --tokenizer, or write a plan.",
    );
  }
  return { ...found, ids };
}

/** As many tokens as the model has positions, where it says so. */
function tokenLimit({ inputs, inputBounds }: ModelSignature): number {
  const size = inputs[0]?.shape[1] ?? -1;
  const positions = inputBounds.find(({ name }) => name === "position_ids");
  return size !== -1 ? size : positions === undefined ? usualPositions : positions.maximum + 1;
}

function embeddingOf({ outputs }: ModelSignature, { embeddingOutput, pooling }: TextOptions): Embedding {
  const vectors = outputs.filter(
    ({ datatype, shape }) => datatype === "FP32" && (shape.length === 2 || shape.length === 3),
  );
  const output =
    embeddingOutput === undefined ? usualOutput(vectors) : vectors.find(({ name }) => name === embeddingOutput);
  if (output === undefined) {
    const names = vectors.map(({ name }) => `'${name}'`).join(", ") || "none";
    throw new PlanError(`Which output holds the embeddings is not clear; give --embedding-output, one of: ${names}.`);
  }
  const byForm = output.shape.length === 2 ? "None" : "Mean";
  return { name: "embedding", output: output.name, pooling: pooling ?? byForm, normalise: true };
}

function usualOutput(outputs: readonly TensorSpec[]): TensorSpec | undefined {
  const usual = usualOutputs.map((name) => outputs.find((output) => output.name === name));
  return usual.find((output) => output !== undefined) ?? (outputs.length === 1 ? outputs[0] : undefined);
}
