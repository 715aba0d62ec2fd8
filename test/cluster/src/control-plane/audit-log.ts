import { existsSync, readFileSync } from "node:fs";

/** One answered request, as the API server wrote it at metadata level (audit.k8s.io/v1, the fields that tests use). */
export interface AuditEvent {
  readonly auditID: string;
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string; readonly groups?: readonly string[] };
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The events in the text of an audit log. A last line that is not yet complete is left out. */
export function parseAuditLog(text: string): AuditEvent[] {
  const complete = text.slice(0, text.lastIndexOf("\n") + 1);
  const lines = complete.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as AuditEvent);
}

/** As `parseAuditLog` of a file; empty when there is none. */
export const readAuditLog = (file: string): AuditEvent[] =>
  existsSync(file) ? parseAuditLog(readFileSync(file, "utf8")) : [];
