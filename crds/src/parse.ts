import type * as z from "zod";

/** A document that does not keep the contract. The message names each wrong field and is fit to be shown. */
export class DocumentError extends Error {
  override readonly name = "DocumentError";
}

/** Parses a document that came from another process, a file or a user. Throws `DocumentError`. */
export function parseDocument<S extends z.ZodType>(schema: S, text: string, what: string): z.infer<S> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DocumentError(`${what} is not valid JSON: ${(error as Error).message}`);
  }
  return checkDocument(schema, value, what);
}

/** As `parseDocument`, for a value that is parsed already. */
export function checkDocument<S extends z.ZodType>(schema: S, value: unknown, what: string): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join(".") || "(root)"}: ${issue.message}`);
  const more = result.error.issues.length > 5 ? `; and ${result.error.issues.length - 5} more` : "";
  throw new DocumentError(`${what} is not valid: ${issues.join("; ")}${more}`);
}
