/** How a reconcile ended. */
export type Outcome =
  /** All is as wanted, until something changes. */
  | { readonly kind: "done" }
  /** Look again then, even if nothing changes. */
  | { readonly kind: "requeueAfter"; readonly milliseconds: number }
  /** It did not work and may work later: repeated with the key's back-off. */
  | { readonly kind: "retriable"; readonly error: unknown }
  /** It cannot work until somebody changes something: not repeated. */
  | { readonly kind: "terminal"; readonly error: unknown };

export const done: Outcome = { kind: "done" };
export const requeueAfter = (milliseconds: number): Outcome => ({ kind: "requeueAfter", milliseconds });
export const retriable = (error: unknown): Outcome => ({ kind: "retriable", error });
export const terminal = (error: unknown): Outcome => ({ kind: "terminal", error });
