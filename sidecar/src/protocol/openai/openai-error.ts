import type { ApiErrorCode } from "../error-catalogue.ts";
import { ApiError } from "../errors.ts";

/** An error of the catalogue that names the field of the body which is wrong. */
export class ParameterError extends ApiError {
  readonly parameter: string;

  constructor(parameter: string, code: ApiErrorCode, values: Readonly<Record<string, string | number>>) {
    super(code, values);
    this.parameter = parameter;
  }
}

/** A field that does not have the form which it must have. */
export const invalidParameter = (parameter: string, expected: string): ParameterError =>
  new ParameterError(parameter, "InvalidField", { field: parameter, expected });

/** Errors that are about one field of the body, wherever they are thrown. */
const parameters: Partial<Record<ApiErrorCode, string>> = {
  EmptyText: "input",
  OutOfBounds: "input",
  TextTooLong: "input",
  TooManyRows: "input",
  UnknownModel: "model",
};

/** OpenAI's error object (https://platform.openai.com/docs/guides/error-codes), as a body. */
export function openAiError(error: ApiError): string {
  const { message, status, code } = error;
  const param = error instanceof ParameterError ? error.parameter : (parameters[code] ?? null);
  const type = status < 500 ? "invalid_request_error" : "server_error";
  return JSON.stringify({ error: { message, type, param, code: codes[code] ?? null } });
}

/** The codes that clients of OpenAI know. */
const codes: Partial<Record<ApiErrorCode, string>> = {
  UnknownModel: "model_not_found",
  TextTooLong: "context_length_exceeded",
};
