import {
  ApiError,
  decodeRequest,
  type ModelSignature,
  type RequestSchema,
  requestSchema,
  requestShaper,
  splitOutputs,
  type Tensor,
} from "@sweetspot/sidecar";
import { lineError, type NumberedLine, readLines } from "./read-lines.ts";
import type { Sample } from "./sample.ts";

type Label = Sample["label"];

/**
 * Samples from a file whose lines are bodies of inference requests (Open Inference Protocol v2 in JSON), each with an
 * optional `label`: a class index or a text, or a list of them for a request of several rows. A request of several
 * rows becomes several samples. Every line passes the checks that the server makes. Throws `SamplesError`.
 */
export async function loadJsonLines(file: string, signature: ModelSignature): Promise<Sample[]> {
  const schema = requestSchema(signature, { inputBounds: [...signature.inputBounds] });
  const shapeOf = requestShaper(signature, undefined);
  const samples: Sample[] = [];
  for await (const line of readLines(file)) {
    const inputs = decodeLine(file, line, schema);
    const { rows } = shapeOf(inputs);
    const labels = labelsOf(file, line, rows);
    for (const [index, row] of rowsOf(inputs, rows).entries()) {
      samples.push({ inputs: row, length: shapeOf(row).length, label: labels[index] ?? null });
    }
  }
  return samples;
}

function decodeLine(file: string, line: NumberedLine, schema: RequestSchema): readonly Tensor[] {
  try {
    return decodeRequest(Buffer.from(line.text), undefined, schema).inputs;
  } catch (error) {
    if (error instanceof ApiError) throw lineError(file, line, error.message);
    throw error;
  }
}

/** Inputs split by rows just as outputs are: axis 0 counts them. */
const rowsOf = (inputs: readonly Tensor[], rows: number): Tensor[][] =>
  splitOutputs(
    inputs,
    Array.from({ length: rows }, () => ({ rows: 1, length: 1 })),
    1,
    undefined,
  );

function labelsOf(file: string, line: NumberedLine, rows: number): Label[] {
  const { label } = JSON.parse(line.text) as { label?: unknown };
  const labels = Array.isArray(label) ? label : Array.from({ length: rows }, () => label ?? null);
  if (labels.length !== rows || (rows > 1 && label !== undefined && label !== null && !Array.isArray(label))) {
    throw lineError(file, line, `the request has ${rows} rows; give "label" as a list of ${rows}.`);
  }
  if (!labels.every(isLabel)) {
    throw lineError(file, line, `"label" must be a class index or a text, or a list of them, one for each row.`);
  }
  return labels;
}

const isLabel = (value: unknown): value is Label =>
  value === null || typeof value === "string" || Number.isSafeInteger(value);
