/** Figures and tables as every command writes them: of its own, because nothing of the tuner need be loaded for it. */
export { figure, milliseconds, percentileName, rate } from "./format.ts";
export { printable, textTable } from "./text-table.ts";
