import type { CostCell, MeasuredTable } from "@sweetspot/crds";
import { figure, percent } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import { at, drawing, type Frame, horizontal, point, polyline, spread, vertical, xAxis, yAxis } from "./plot.ts";
import { categoryScale, logScale } from "./scale.ts";

const frame: Frame = { width: 460, height: 300, left: 52, right: 70, top: 28, bottom: 44 };

/** Shades of a series from the shortest to the longest length; there are as many in the style sheet. */
const shades = 6;

/** Time per row by batch size, one line per padded length: a line that falls says that batching pays. */
export function costPlot({ variant, layout, table, heldOutError }: MeasuredTable): Markup {
  const perRow = (cell: CostCell) => cell.microseconds / 1000 / cell.rows;
  const x = categoryScale(
    table.cells.map((cell) => cell.rows),
    horizontal(frame),
  );
  const y = logScale(table.cells.map(perRow), vertical(frame));
  const series = byLength(table.cells);
  const place = (cell: CostCell) => [x.at(cell.rows), y.at(perRow(cell))] as const;
  const ends = series.map((cells) => cells.at(-1)).filter((cell) => cell !== undefined);
  const labelHeights = spread(
    ends.map((cell) => place(cell)[1]),
    13,
  );
  const lines = series.map((cells, index) => {
    const shade = shadeOf(index, series.length);
    return html`${polyline(cells.map(place), `line ${shade}`)}${cells.map((cell) => cellPoint(cell, place(cell), shade))}`;
  });
  const labels = ends.map(
    (cell, index) =>
      html`<text x="${at(place(cell)[0] + 9)}" y="${at((labelHeights[index] ?? 0) + 4)}">${lengthLabel(cell.length)}</text>`,
  );
  const name = `${variant}, ${layout.instances} x ${layout.threadsPerInstance} threads`;
  const error = heldOutError === null ? "" : ` Shapes held out of the fit were predicted to ${percent(heldOutError)}.`;
  return html`<figure>${drawing(frame, `Cost table of ${name}: time per row by batch size`, [
    xAxis(frame, x, "rows per batch"),
    yAxis(frame, y, "milliseconds per row"),
    ...lines,
    ...labels,
  ])}<figcaption><b>${name}</b>.${error}</figcaption></figure>`;
}

const lengthLabel = (length: number): string => (length === 1 ? "fixed" : `length ${figure(length)}`);

const cellPoint = (cell: CostCell, [x, y]: readonly [number, number], shade: string): Markup =>
  point(
    x,
    y,
    `dot ${shade}`,
    `${cell.rows} rows of length ${cell.length}: ${figure(cell.microseconds / 1000)} ms per batch, ` +
      `${figure(cell.microseconds / 1000 / cell.rows)} ms per row, median of ${cell.samples} runs`,
  );

function byLength(cells: readonly CostCell[]): CostCell[][] {
  const groups = Map.groupBy(cells, (cell) => cell.length);
  return [...groups.entries()].sort(([a], [b]) => a - b).map(([, group]) => group.sort((a, b) => a.rows - b.rows));
}

const shadeOf = (index: number, count: number): string =>
  `shade${count === 1 ? shades - 1 : Math.round((index * (shades - 1)) / (count - 1))}`;
