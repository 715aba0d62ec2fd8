/**
 * Sums over blocks of time, the newest ones of which are kept. Time is given with each call, in seconds since the epoch, and
 * blocks lie on whole multiples of their length, so that the rings of several servers can be added.
 *
 * ```
 * blocks:   ... | 1760 | 1770 | 1780 | 1790 |      length 10, now 1794
 *                 '--- told -----------'  still growing
 * ```
 */
export class BlockRing {
  readonly #seconds: number;
  readonly #blocks: number;
  readonly #columns: number;
  readonly #sums: Float64Array;
  #first: number | null = null;
  #newest = 0;

  /** Keeps `blocks` whole blocks of `seconds` each, with `columns` sums per block. */
  constructor(seconds: number, blocks: number, columns: number) {
    this.#seconds = seconds;
    this.#blocks = blocks;
    this.#columns = columns;
    // One more for the block that still grows.
    this.#sums = new Float64Array((blocks + 1) * columns);
  }

  add(now: number, column: number, value: number): void {
    this.#advance(now);
    const at = this.#slot(this.#newest) + column;
    this.#sums[at] = (this.#sums[at] as number) + value;
  }

  /** Whole blocks, oldest first: when the last one ended, and one list per column. */
  read(now: number): { readonly end: number; readonly columns: number[][] } {
    this.#advance(now);
    const first = Math.max(this.#first as number, this.#newest - this.#blocks);
    const columns = Array.from({ length: this.#columns }, (_, column) =>
      Array.from({ length: this.#newest - first }, (_block, i) => this.#sums[this.#slot(first + i) + column] as number),
    );
    return { end: this.#newest * this.#seconds, columns };
  }

  /** A clock that was set back adds to the newest block until it has caught up. */
  #advance(now: number): void {
    const block = Math.floor(now / this.#seconds);
    if (this.#first === null) {
      this.#first = block;
      this.#newest = block;
    }
    const from = Math.max(this.#newest + 1, block - this.#blocks);
    for (let i = from; i <= block; i += 1) this.#sums.fill(0, this.#slot(i), this.#slot(i) + this.#columns);
    this.#newest = Math.max(this.#newest, block);
  }

  #slot(block: number): number {
    return (block % (this.#blocks + 1)) * this.#columns;
  }
}
