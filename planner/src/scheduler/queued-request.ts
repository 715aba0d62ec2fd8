/** What the batch former knows of a waiting request. Instants are microseconds on any one clock. */
export interface QueuedRequest {
  readonly arrival: number;
  /** When its answer stops being useful; `Infinity` when it has no deadline. */
  readonly deadline: number;
  readonly rows: number;
  /** Size of the variable axis (elements of one row, see `CostCell.length`). */
  readonly length: number;
  /** Requests share a batch only within a group: all axes but the paddable one are equal. */
  readonly group: string;
}
