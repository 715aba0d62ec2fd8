import type { PodResources } from "@sweetspot/crds";
import { roundFigure } from "../figures.ts";

/** A share as a percentage: 0.0152 is "1.52 %". */
export const percentOf = (share: number): string => `${roundFigure(100 * share)} %`;

/** Microseconds as milliseconds: "13.7 ms". */
export const millisecondsOf = (microseconds: number): string => `${roundFigure(microseconds / 1000)} ms`;

/** What a pod asks for: "2 CPUs and 4Gi of memory", "2 CPUs, 4Gi of memory and 1 nvidia.com/gpu". */
export function resourcesOf({ cpu, memory, devices = {}, claims = [] }: PodResources): string {
  const named = Object.entries(devices)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${count} ${name}`);
  const claimed = claims.length === 0 ? [] : [`what its claims ${claims.map(({ name }) => name).join(", ")} ask for`];
  const all = [`${cpu} CPUs`, `${memory} of memory`, ...named, ...claimed];
  return `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}
