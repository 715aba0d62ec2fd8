import * as z from "zod";
import { objectName } from "./object-name.ts";
import { boundedMap, keyedList, withRules } from "./rules.ts";

/** An extended resource has a domain before its name, which is how the API server tells it from cpu and memory. */
const deviceName = "^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$";

const Count = z
  .string()
  .max(4)
  .regex(/^[1-9][0-9]{0,3}$/, "expected a whole number in quotes, such as 1");

/** Devices by the name under which a device plugin offers them. */
export const Devices = withRules(boundedMap(Count, 8), [
  {
    name: "DeviceNames",
    holds: (devices) => Object.keys(devices).every((name) => new RegExp(deviceName).test(name)),
    cel: `self.all(name, name.matches('${deviceName}'))`,
    message: "A name is not that of an extended resource, such as nvidia.com/gpu.",
  },
]).describe(
  'Devices of one pod, in quotes, by the name of their extended resource: `nvidia.com/gpu: "1"`, `nvidia.com/mig-1g.5gb: "1"`. Request and limit, as Kubernetes wants them.',
);

const Claim = withRules(
  z.object({
    name: z
      .string()
      .max(63)
      .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "expected at most 63 lower-case letters, digits and hyphens")
      .describe("Names the claim within the pod."),
    resourceClaimName: objectName("ResourceClaim")
      .optional()
      .describe(
        "A ResourceClaim in the namespace. All pods and the tuning Jobs share it, so that it must allow them all.",
      ),
    resourceClaimTemplateName: objectName("ResourceClaimTemplate")
      .optional()
      .describe("A ResourceClaimTemplate in the namespace: each pod and each tuning Job gets a claim of its own."),
  }),
  [
    {
      name: "ExactlyOneClaim",
      holds: (claim) => (claim.resourceClaimName === undefined) !== (claim.resourceClaimTemplateName === undefined),
      cel: "has(self.resourceClaimName) != has(self.resourceClaimTemplateName)",
      message: "Name a ResourceClaim or a ResourceClaimTemplate: exactly one of them.",
    },
  ],
);

export const ResourceClaims = keyedList(Claim, "name", 8).describe(
  "Devices that are allocated dynamically, as in a pod's resourceClaims. Each pod's container gets all of them.",
);
