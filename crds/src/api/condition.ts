import * as z from "zod";
import { keyedList } from "./rules.ts";

/** A condition as all Kubernetes objects have them (metav1.Condition). */
export const Condition = z.object({
  type: z
    .string()
    .max(316)
    .regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/)
    .describe("What the condition is about, such as Ready."),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds: True, False or Unknown."),
  observedGeneration: z
    .int()
    .min(0)
    .optional()
    .describe(
      "The metadata.generation that it was computed for; it is out of date when that is lower than the object's.",
    ),
  lastTransitionTime: z.iso.datetime().max(64).describe("When its status last changed."),
  reason: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe("Why, in one word from a closed list; the same word is used in events and metrics."),
  message: z.string().max(4096).describe("Why, in a sentence that also says what to do next."),
});
export type Condition = z.infer<typeof Condition>;

export const Conditions = keyedList(Condition, "type", 16);
