import type { DoctorFinding } from "@sweetspot/crds";
import { percent } from "../../report/format.ts";
import { advice, good, problem, unknown } from "./finding.ts";

/** Timings of the cost table are void when their brackets differ by more than 15 %: a noisier machine voids many. */
const steady = 1.05;
const noisy = 1.15;

/**
 * What the A/A test says. `factor`: equal work timed side by side differs by less, 95 % of the time. `work`: what was
 * timed, in words.
 */
export function noiseFinding(factor: number | null, work: string): DoctorFinding {
  const check = "Noise";
  if (factor === null)
    return unknown(check, "There was no time for the A/A test.", "Give it more time with --seconds.");
  const sentence = `Equal series of ${work} differ by up to ${percent(factor - 1)} here: smaller gains are noise`;
  if (factor <= steady) return good(check, `${sentence}.`);
  const next =
    "Look at BusyNeighbours, StolenTime and Frequency for the cause; a larger --budget averages more of it out.";
  if (factor <= noisy) return advice(check, `${sentence}.`, next);
  return problem(check, `${sentence}, and most measurements of a tuning would be void.`, next);
}
