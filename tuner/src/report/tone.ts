import type { Candidate, TuningReport } from "@sweetspot/crds";
import { html, type Markup } from "./markup.ts";

/** A colour of the style sheet; a candidate has the same one in every plot. */
export type Tone = "winner" | "naive" | "rival0" | "rival1" | "other";

/** The tone of each candidate by its name: the winner, the naive default, and the first of the others that were raced. */
export function tonesOf({ candidates, decision }: TuningReport): ReadonlyMap<string, Tone> {
  const rivals: Tone[] = ["rival0", "rival1"];
  return new Map(candidates.map((candidate) => [candidate.name, toneOf(candidate)]));

  function toneOf({ name, role, measured }: Candidate): Tone {
    if (name === decision.winner) return "winner";
    if (role === "Incumbent") return "naive";
    return (measured === null ? undefined : rivals.shift()) ?? "other";
  }
}

/** Names with the colours that stand for them, below a plot, where they can wrap on a small screen. */
export const legend = (entries: readonly (readonly [Tone, string])[]): Markup =>
  html`<div class="legend">${entries.map(([tone, name]) => html`<span><i class="${tone}"></i>${name}</span>`)}</div>`;
