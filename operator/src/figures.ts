/** Three significant digits as people read them, without an exponent: 13.7, 0.421, 1234. */
export const roundFigure = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
