import type { ServingOverhead } from "@sweetspot/crds";

/** What each answer waits beside engine and hand-over, microseconds: as measured, else at least what the front computes. */
export const frontWait = ({ waitMicroseconds, shared }: ServingOverhead): number =>
  waitMicroseconds ?? shared?.microsecondsPerRequest ?? 0;
