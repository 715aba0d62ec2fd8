import type * as z from "zod";
import { CostTable } from "./cost-table.ts";
import { DoctorReport } from "./doctor-report.ts";
import { LoadReport } from "./load-report.ts";
import { PlanTrial } from "./plan-trial.ts";
import { ReportComparison } from "./report-comparison.ts";
import { ServiceLevelReport } from "./service-level-report.ts";
import { ServingPlan } from "./serving-plan.ts";
import { TrafficReplay } from "./traffic-replay.ts";
import { TuningQuestion } from "./tuning-question.ts";
import { TuningReport } from "./tuning-report.ts";
import { TuningResult } from "./tuning-result.ts";
import { VariantRecipe } from "./variant-recipe.ts";
import { WhatIfAnswer } from "./what-if-answer.ts";

/** Every document that crosses a process, by the `kind` of its envelope. */
export const documents = {
  CostTable,
  DoctorReport,
  LoadReport,
  PlanTrial,
  ReportComparison,
  ServiceLevelReport,
  ServingPlan,
  TrafficReplay,
  TuningQuestion,
  TuningReport,
  TuningResult,
  VariantRecipe,
  WhatIfAnswer,
} as const satisfies Record<string, z.ZodType>;

export type DocumentKind = keyof typeof documents;
