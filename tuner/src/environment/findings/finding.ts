import type { DoctorCheck, DoctorFinding } from "@sweetspot/crds";

const longest = 1024;
const clip = (text: string): string => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text);

/** Nothing to do. */
export const good = (check: DoctorCheck, sentence: string): DoctorFinding => ({
  check,
  state: "Good",
  sentence: clip(sentence),
  next: null,
});

/** It works, and could be faster or steadier. */
export const advice = (check: DoctorCheck, sentence: string, next: string): DoctorFinding => ({
  check,
  state: "Advice",
  sentence: clip(sentence),
  next: clip(next),
});

/** Figures from this machine mislead, or something cannot work. */
export const problem = (check: DoctorCheck, sentence: string, next: string): DoctorFinding => ({
  check,
  state: "Problem",
  sentence: clip(sentence),
  next: clip(next),
});

/** This machine, or this run, has no such thing. */
export const notApplicable = (check: DoctorCheck, sentence: string, next: string | null = null): DoctorFinding => ({
  check,
  state: "NotApplicable",
  sentence: clip(sentence),
  next,
});

/** The system does not tell. */
export const unknown = (check: DoctorCheck, sentence: string, next: string | null = null): DoctorFinding => ({
  check,
  state: "Unknown",
  sentence: clip(sentence),
  next,
});

/** "1 CPU", "3 CPUs". */
export const count = (number: number, thing: string): string => `${number} ${thing}${number === 1 ? "" : "s"}`;
