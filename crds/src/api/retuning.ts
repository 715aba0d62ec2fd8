import * as z from "zod";
import type { Rule } from "./rules.ts";

/** How a target is kept once it was tuned. */
export const Retuning = z
  .object({
    mode: z
      .enum(["Automatic", "Recommend", "Disabled"])
      .default("Automatic")
      .describe(
        "What is done when the target is missed, or engines became slower. `Automatic`: plan anew, measure again or roll back, whatever the cause asks for. `Recommend`: say in status and events what would be done. `Disabled`: find the cause and do nothing.",
      ),
    coolDownSeconds: z
      .int()
      .min(10)
      .max(86_400)
      .default(600)
      .describe(
        "Least time between two actions, in seconds; it doubles after each that did not help. A change of the spec ends it. Rollbacks do not wait.",
      ),
    settleSeconds: z
      .int()
      .min(0)
      .max(3600)
      .default(20)
      .describe(
        "How long a cause must hold before something is done, in seconds. A breach that is urgent does not wait.",
      ),
    dailyReplans: z
      .int()
      .min(0)
      .max(48)
      .default(12)
      .describe("Most plans that are made from the tables measured before, in any 24 hours and for each target."),
    dailyBenchmarks: z
      .int()
      .min(0)
      .max(12)
      .default(2)
      .describe(
        "Most new measurements that a slower node may lead to, in any 24 hours and for each target. 0 where no Job may run beside production.",
      ),
  })
  .describe("What is done by itself to keep the promise.");
export type Retuning = z.infer<typeof Retuning>;

/** A rule of the whole spec: the API server checks a default by the rules beside it before it fills in what is inside. */
export const coolDownCoversSettling: Rule<{ retuning: Retuning }> = {
  name: "CoolDownCoversSettling",
  holds: ({ retuning }) => retuning.coolDownSeconds >= retuning.settleSeconds,
  cel: "self.retuning.coolDownSeconds >= self.retuning.settleSeconds",
  message: "retuning.coolDownSeconds may not be less than retuning.settleSeconds.",
  field: "retuning",
};
