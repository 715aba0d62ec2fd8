import type { ExitName } from "./exit-codes.ts";

/** Something that the user can mend: the message says what happened and what to do next. */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly exit: ExitName;
  constructor(exit: ExitName, message: string) {
    super(message);
    this.exit = exit;
  }
}

// The errors of the packages below whose messages are written for users. They are told by name, since a class that
// was loaded twice is two classes.
const known: Readonly<Record<string, ExitName>> = {
  SamplesError: "BadInput",
  ModelFileError: "BadInput",
  PlanError: "BadInput",
  DocumentError: "BadInput",
  RequestError: "BadInput",
  MetricError: "BadInput",
  FetchError: "BadInput",
  OutputError: "CannotWrite",
  RemoteModelError: "Unavailable",
};

const unavailable = new Set(["EADDRINUSE", "EADDRNOTAVAIL", "EACCES"]);

/** What is shown of an error, and the code to end with. */
export interface Explanation {
  readonly exit: ExitName;
  readonly message: string;
}

type Failure = Partial<NodeJS.ErrnoException> & { readonly port?: number };

/** Anything may be thrown, even nothing. */
const failureOf = (error: unknown): Failure =>
  typeof error === "object" && error !== null ? error : { message: String(error ?? "") };

/** Turns any thrown value into two sentences: what happened, and what to do. */
export function explain(error: unknown): Explanation {
  if (error instanceof UserError) return { exit: error.exit, message: error.message };
  const { name, message, code, syscall, port } = failureOf(error);
  const exit = known[name ?? ""];
  if (exit !== undefined) return { exit, message: message ?? "" };
  if (syscall === "listen" && unavailable.has(code ?? "")) {
    const where = port === undefined ? "the address" : `port ${port}`;
    return {
      exit: "Unavailable",
      message: `The server cannot listen on ${where} (${code}). Choose another with --host, --http-port, --grpc-port or --metrics-port.`,
    };
  }
  const what = message?.trim() || "there is no message.";
  return { exit: "Unexpected", message: `Something unexpected failed: ${what} Run again with --debug to see where.` };
}
