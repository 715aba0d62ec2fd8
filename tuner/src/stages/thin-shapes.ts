import type { RequestShape } from "@sweetspot/planner";

/** At most so many of the shapes, evenly over their lengths, so that the mix stays what it is. */
export function thinned(shapes: readonly RequestShape[], most: number): RequestShape[] {
  if (shapes.length <= most) return [...shapes];
  const sorted = shapes.toSorted((a, b) => a.length - b.length);
  // The middle of each of so many equal parts.
  return Array.from({ length: most }, (_, i) => {
    return sorted[Math.floor(((i + 0.5) * sorted.length) / most)] as RequestShape;
  });
}
