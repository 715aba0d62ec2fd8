import { ApiError } from "../errors.ts";
import { binaryElements } from "../oip/binary-elements.ts";
import {
  checkInputParameters,
  checkInputs,
  checkOutputParameters,
  checkOutputs,
  checkTimeout,
  type DataReader,
  type InferRequest,
  schemaFor,
} from "../oip/check-request.ts";
import type { RequestSchema } from "../oip/request-schema.ts";
import type { InferMessage, InputMessage } from "./infer-message.ts";
import { readContents } from "./typed-contents.ts";

interface InputClaim extends InputMessage {
  readonly raw: Uint8Array | null;
}

/** Checks a `ModelInferRequest` against its model, with the very checks that a request over HTTP meets. Throws `ApiError`. */
export function decodeInfer(message: InferMessage, schema: RequestSchema): InferRequest {
  const { inputs, rawContents, outputs, parameters, id } = message;
  if (rawContents.length > 0 && rawContents.length !== inputs.length) {
    throw new ApiError("WrongRawCount", { actual: rawContents.length, expected: inputs.length });
  }
  const claims = inputs.map(
    (input, index): InputClaim => ({
      name: input.name,
      datatype: input.datatype,
      shape: input.shape,
      parameters: input.parameters,
      contents: input.contents,
      raw: rawContents[index] ?? null,
    }),
  );
  const requested = outputs.map(({ name, parameters: own }) => {
    checkOutputParameters(own);
    return { name, binary: true };
  });
  const chosen = schemaFor(claims, schema);
  return {
    id: id === "" ? null : id,
    inputs: checkInputs(claims, chosen, readData),
    outputs: checkOutputs(requested, chosen, true),
    timeoutMicroseconds: checkTimeout(parameters),
  };
}

const nothing = new Uint8Array(0);

const readData: DataReader<InputClaim> = ({ parameters, contents, raw }, rule, shape, count) => {
  checkInputParameters(parameters);
  if (raw === null) return readContents(contents ?? nothing, rule, shape, count);
  if (contents !== null) throw new ApiError("ContentsTwice", { name: rule.name });
  return binaryElements(rule.datatype, raw, count, rule.name);
};
