import type { Logger } from "pino";

/** The part of a pino logger that the server writes to. */
export type Log = Pick<Logger, "info" | "warn" | "error">;
