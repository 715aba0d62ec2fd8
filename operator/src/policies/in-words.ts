import { roundFigure } from "../figures.ts";

/** A share as a percentage: 0.0152 is "1.52 %". */
export const percentOf = (share: number): string => `${roundFigure(100 * share)} %`;

/** Microseconds as milliseconds: "13.7 ms". */
export const millisecondsOf = (microseconds: number): string => `${roundFigure(microseconds / 1000)} ms`;
