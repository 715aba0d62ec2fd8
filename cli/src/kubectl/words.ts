import type { InferenceDeployment } from "@sweetspot/crds";
import { printable } from "@sweetspot/tuner/words";
import { wrap } from "../doctor-table.ts";

const units = [
  { name: "d", seconds: 86_400 },
  { name: "h", seconds: 3600 },
  { name: "m", seconds: 60 },
  { name: "s", seconds: 1 },
] as const;

/** How long ago an instant was, as kubectl says it: 3m, 5h, 12d. */
export function ago(instant: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(instant)) / 1000));
  const unit = units.find((one) => seconds >= 2 * one.seconds) ?? units[3];
  return `${Math.floor(seconds / unit.seconds)}${unit.name}`;
}

/** A text in lines that begin with so many spaces. Texts come from status, and status from pods. */
export const indented = (text: string, spaces: number, columns: number): string[] =>
  wrap(printable(text), Math.max(40, columns - spaces)).map((line) => " ".repeat(spaces) + line);

export const conditionOf = ({ status }: InferenceDeployment, type: string) =>
  status?.conditions?.find((condition) => condition.type === type);
