import type { CostCell, MeasuredTable } from "@sweetspot/crds";
import { CostModel } from "@sweetspot/planner";
import { figure, percent } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import {
  at,
  type Frame,
  halfPage,
  horizontal,
  plotFigure,
  point,
  polyline,
  spread,
  vertical,
  xAxis,
  yAxis,
} from "./plot.ts";
import { categoryScale, logScale } from "./scale.ts";

const frame: Frame = { ...halfPage(300), right: 74 };

/** Shades of a series from the shortest to the longest length; there are as many in the style sheet. */
const shades = 6;

/**
 * Time per row by batch size, one colour per padded length: measured points, and the line that scheduler and simulator
 * read between them. A line that falls says that batching pays.
 */
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
  const model = CostModel.fromTable(table);
  const lines = series.map((cells, index) => {
    const shade = shadeOf(index, series.length);
    const fit = fitted(model, cells).map(([rows, milliseconds]) => [x.at(rows), y.at(milliseconds)] as const);
    return html`${polyline(fit, `line ${shade}`)}${cells.map((cell) => cellPoint(cell, place(cell), shade))}`;
  });
  const labels = ends.map(
    (cell, index) =>
      html`<text x="${at(place(cell)[0] + 9)}" y="${at((labelHeights[index] ?? 0) + 4)}">${lengthLabel(cell.length)}</text>`,
  );
  const name = `${variant}, ${layout.instances} x ${layout.threadsPerInstance} threads`;
  const error = heldOutError === null ? "" : ` Shapes held out of the fit were predicted to ${percent(heldOutError)}.`;
  return plotFigure(
    frame,
    name,
    [xAxis(frame, x, "rows per batch"), yAxis(frame, y, "milliseconds per row"), ...lines, ...labels],
    { caption: `Dots were measured, lines are what the scheduler reads.${error}` },
  );
}

/** Milliseconds per row at every batch size up to the largest measured one. */
function fitted(model: CostModel, cells: readonly CostCell[]): (readonly [rows: number, milliseconds: number])[] {
  const most = Math.max(...cells.map(({ rows }) => rows));
  const [{ length }] = cells as [CostCell];
  const column = model.column(length, most);
  return Array.from({ length: most }, (_, i) => [i + 1, (column[i + 1] as number) / 1000 / (i + 1)] as const);
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
