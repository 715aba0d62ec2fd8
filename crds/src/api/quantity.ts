import * as z from "zod";
import { Devices, ResourceClaims } from "./devices.ts";
import { withRules } from "./rules.ts";

const factors: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Thousandths of a CPU in a quantity: `2` and `2000m` are 2000. NaN when it is none. */
export function cpuMillis(quantity: string): number {
  const match = /^(\d+(?:\.\d{1,3})?)(m?)$/.exec(quantity);
  return match === null ? Number.NaN : Math.round(Number(match[1]) * (match[2] === "m" ? 1 : 1000));
}

/** Bytes in a quantity: `1Gi` is 2^30. NaN when it is none. */
export function memoryBytes(quantity: string): number {
  const match = /^(\d+(?:\.\d{1,3})?)(Ki|Mi|Gi|Ti|k|M|G|T)?$/.exec(quantity);
  return match === null ? Number.NaN : Math.round(Number(match[1]) * (factors[match[2] ?? ""] as number));
}

/** Does the quantity name whole CPUs, as the kubelet's static CPU manager wants them? */
export const isWholeCpus = (quantity: string): boolean => cpuMillis(quantity) % 1000 === 0;

const Cpu = withRules(
  z
    .string()
    .max(16)
    .regex(/^([0-9]{1,3}(\.[0-9]{1,3})?|[1-9][0-9]{0,5}m)$/, "expected a number of CPUs, such as 2 or 500m, in quotes"),
  [
    {
      name: "CpuIsEnough",
      holds: (cpu) => cpuMillis(cpu) >= 100,
      cel: "isQuantity(self) && quantity(self).compareTo(quantity('100m')) >= 0",
      message: "A server needs at least 100m of CPU.",
    },
  ],
).describe(
  'CPUs of one pod, as request and limit, in quotes: "2", "500m". Only whole CPUs can be pinned: then the pod gets CPUs of its own, which lowers tail latency, where the node\'s kubelet runs the static CPU manager policy. At least 100m.',
);

const Memory = withRules(
  z
    .string()
    .max(24)
    .regex(/^[1-9][0-9]{0,14}(\.[0-9]{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T)?$/, "expected an amount of memory, such as 512Mi"),
  [
    {
      name: "MemoryIsEnough",
      holds: (memory) => memoryBytes(memory) >= 64 * 2 ** 20,
      cel: "isQuantity(self) && quantity(self).compareTo(quantity('64Mi')) >= 0",
      message: "A server needs at least 64Mi of memory. Is the unit missing, as in 512Mi?",
    },
  ],
).describe(
  'Memory of one pod, as request and limit: "512Mi", "2Gi". It must hold two variants of the model at once, because a new plan is loaded beside the old one. At least 64Mi. A tuning Job gets at least 2Gi, because it runs several servers at once.',
);

/** Requests and limits of the serving pods and of the tuning Jobs alike: only so does the measurement hold. */
export const PodResources = z.object({
  cpu: Cpu,
  memory: Memory,
  devices: Devices.optional(),
  claims: ResourceClaims.optional(),
});
export type PodResources = z.infer<typeof PodResources>;
