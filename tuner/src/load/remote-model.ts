import { checkDocument, Datatype, DocumentError, Name, TensorName } from "@sweetspot/crds";
import type { ModelSignature, TensorSpec } from "@sweetspot/sidecar";
import * as z from "zod";

/** The server that is to be loaded cannot be asked about its model. The message says what to do. */
export class RemoteModelError extends Error {
  override readonly name = "RemoteModelError";
}

/** A model as a server of the Open Inference Protocol describes it. */
export interface RemoteModel {
  readonly name: string;
  /** Where inference requests are posted to. */
  readonly inferUrl: string;
  readonly signature: ModelSignature;
}

const TensorMetadata = z.object({
  name: TensorName,
  datatype: Datatype,
  shape: z.array(z.coerce.number().int().min(-1)).max(8),
});
const ModelMetadata = z.object({
  name: z.string().min(1),
  inputs: z.array(TensorMetadata).min(1).max(64),
  outputs: z.array(TensorMetadata).max(256),
});

const answerMilliseconds = 5_000;
/** Model metadata is some hundred bytes; whoever sends more is no inference server. */
const maximumBytes = 1_000_000;

/**
 * Asks a server for the names, types and shapes of a model.
 *
 * @param url the server (`http://127.0.0.1:8000`) or the model (`.../v2/models/NAME`, with or without `/infer`)
 * @param modelName needed where the URL names none
 * @throws RemoteModelError when the server does not answer as the protocol says
 */
export async function describeRemoteModel(url: string, modelName?: string): Promise<RemoteModel> {
  const model = modelUrl(url, modelName);
  const metadata = await fetchMetadata(model);
  return {
    name: metadata.name,
    inferUrl: `${model}/infer`,
    signature: signatureFrom(metadata.inputs.map(withSymbols), metadata.outputs.map(withSymbols)),
  };
}

/** The URL of the model, without `/infer`. */
export function modelUrl(url: string, modelName?: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new RemoteModelError(`"${url}" is no HTTP address. Write one like http://127.0.0.1:8000.`);
  }
  const path = /^(?<base>.*?)\/v2\/models\/(?<name>[^/]+)(?<version>\/versions\/[^/]+)?(\/infer)?\/?$/.exec(
    parsed.pathname,
  );
  const name = modelName ?? path?.groups?.["name"];
  if (name === undefined || !Name.safeParse(decodeURIComponent(name)).success) {
    throw new RemoteModelError("The address names no model. Add /v2/models/NAME to it, or give --model-name.");
  }
  const base = path?.groups?.["base"] ?? parsed.pathname.replace(/\/+$/, "");
  return `${parsed.origin}${base}/v2/models/${name}${modelName === undefined ? (path?.groups?.["version"] ?? "") : ""}`;
}

async function fetchMetadata(url: string): Promise<z.infer<typeof ModelMetadata>> {
  const what = `The answer of ${url}`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerMilliseconds), redirect: "error" });
    if (!response.ok) {
      throw new RemoteModelError(`${url} answered with status ${response.status}. Check the model's name.`);
    }
    const text = await response.text();
    if (text.length > maximumBytes) throw new DocumentError(`${what} is too long to be a model's metadata.`);
    return checkDocument(ModelMetadata, JSON.parse(text), what);
  } catch (error) {
    if (error instanceof RemoteModelError) throw error;
    if (error instanceof DocumentError || error instanceof SyntaxError) {
      throw new RemoteModelError(`${what} is no model metadata. Name a server of the Open Inference Protocol.`);
    }
    throw new RemoteModelError(`${new URL(url).origin} does not answer. Check the address, and that the server runs.`);
  }
}

const withSymbols = (spec: z.infer<typeof TensorMetadata>): TensorSpec => ({
  ...spec,
  symbols: spec.shape.map(() => null),
});

/** Metadata holds no names of axes: where each input has at most one variable axis, these are taken for the same. */
function signatureFrom(inputs: readonly TensorSpec[], outputs: readonly TensorSpec[]): ModelSignature {
  const batchable = inputs.every(({ shape }) => shape[0] === -1);
  const axes = inputs.flatMap(({ name, shape }) =>
    shape.flatMap((size, axis) => (size === -1 && axis > 0 ? [{ name, axis }] : [])),
  );
  const several = new Set(axes.map(({ name }) => name)).size < axes.length;
  return { inputs, outputs, batchable, variableAxis: axes.length === 0 || several ? null : axes, inputBounds: [] };
}
