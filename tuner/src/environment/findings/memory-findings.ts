import type { DoctorFinding } from "@sweetspot/crds";
import { bytes } from "../../report/format.ts";
import type { HugePageFacts, MemoryFacts } from "../memory.ts";
import { advice, count, good, notApplicable, problem, unknown } from "./finding.ts";

/** With less than this share free the kernel drops file pages, and with them the weights of mapped models. */
const tightShare = 0.1;
/** A desktop machine with one channel reaches about 10 GB/s; below this any model is bound by memory. */
const slowBytesPerSecond = 5e9;

export function memoryFinding({
  totalBytes,
  availableBytes,
  swapUsedBytes,
  limitBytes,
  killed,
}: MemoryFacts): DoctorFinding {
  const check = "Memory";
  const next = "Give the container or the machine more memory, or serve smaller batches and fewer instances.";
  if (totalBytes === null || availableBytes === null)
    return unknown(check, "The system does not tell how much is free.");
  if (killed !== null && killed > 0) {
    return problem(check, `The kernel has killed ${count(killed, "process")} of this container for memory.`, next);
  }
  const limit = limitBytes === null ? "" : `; this container may have ${bytes(limitBytes)}`;
  const free = `${bytes(availableBytes)} of ${bytes(totalBytes)} are free${limit}`;
  if (availableBytes / totalBytes < tightShare) return advice(check, `${free}: less than a tenth.`, next);
  if (swapUsedBytes > tightShare * totalBytes) {
    return advice(
      check,
      `${free}, and ${bytes(swapUsedBytes)} have been swapped out: a request that needs them waits for the disk.`,
      next,
    );
  }
  return good(check, `${free}.`);
}

export function hugePageFinding({ transparent, transparentBytes, reserved }: HugePageFacts): DoctorFinding {
  const check = "HugePages";
  const held = `; ${bytes(transparentBytes)} have them now${reserved > 0 ? `, ${reserved} are reserved` : ""}`;
  if (transparent === null) return notApplicable(check, "This kernel has no transparent huge pages.");
  if (transparent === "never") {
    return advice(
      check,
      "Transparent huge pages are off: reading large weights misses the address cache more often.",
      "To try: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled, then tune again.",
    );
  }
  const who =
    transparent === "always" ? "every program" : "programs that ask for them, as allocators such as jemalloc can";
  return good(check, `Transparent huge pages for ${who}${held}.`);
}

/** `bytesPerSecond`: read and write of one thread that copies; null where it was not measured. */
export function bandwidthFinding(bytesPerSecond: number | null, availableBytes: number | null): DoctorFinding {
  const check = "MemoryBandwidth";
  if (bytesPerSecond === null) {
    const why = availableBytes === null ? "" : `: only ${bytes(availableBytes)} are free`;
    return unknown(check, `It was not measured${why}.`);
  }
  const measured = `One thread copies memory at ${bytes(bytesPerSecond)}/s, read and write together`;
  if (bytesPerSecond >= slowBytesPerSecond) return good(check, `${measured}.`);
  return advice(
    check,
    `${measured}, which is slow: models that are larger than the caches wait for it.`,
    "See whether neighbours use the memory too (StolenTime, BusyNeighbours), and prefer INT8 weights, which are a quarter.",
  );
}
