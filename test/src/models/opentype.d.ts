/** The part of opentype.js that draws a line of text; the package ships no types. */
declare module "opentype.js" {
  export interface Path {
    extend(other: Path): void;
    toPathData(decimalPlaces?: number): string;
    getBoundingBox(): { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number };
  }
  export interface Glyph {
    readonly advanceWidth: number;
    getPath(x: number, y: number, fontSize: number): Path;
  }
  export interface Font {
    readonly unitsPerEm: number;
    charToGlyph(character: string): Glyph;
    getKerningValue(left: Glyph, right: Glyph): number;
  }
  const opentype: { parse(buffer: ArrayBuffer): Font; Path: new () => Path };
  export default opentype;
}
