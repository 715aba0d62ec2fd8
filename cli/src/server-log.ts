import type { Log } from "@sweetspot/sidecar";
import { oneLine } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

/** The server's log as plain lines for a person: warnings and errors, and why. */
export function serverLog(terminal: Terminal): Log {
  const at =
    (level: string) =>
    (...parts: readonly unknown[]): void => {
      const texts = parts.map(describe).filter((text) => text !== "");
      terminal.error(`${oneLine(`${level}: ${texts.toReversed().join(" ")}`)}\n`);
    };
  return { info: () => {}, warn: at("warning"), error: at("error") } as Log;
}

/** A pino call is either (message) or (fields, message). */
function describe(part: unknown): string {
  if (typeof part === "string") return part;
  if (part instanceof Error) return `(${part.message})`;
  if (part === null || typeof part !== "object") return "";
  const fields = Object.entries(part).map(
    ([name, value]) =>
      `${name}: ${value instanceof Error ? value.message : typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return fields.length === 0 ? "" : `(${fields.join(", ")})`;
}
