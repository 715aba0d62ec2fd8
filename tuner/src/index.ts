export { Budget } from "./budget.ts";
export { decide } from "./decision/decide.ts";
export { type Delivery, type DeliverySources, deliveryOf, failure } from "./delivery/deliver.ts";
export { type KeptArtifacts, keepArtifacts } from "./delivery/keep-artifacts.ts";
export { writeResult } from "./delivery/write-result.ts";
export { describeEnvironment } from "./environment/describe.ts";
export { examineMachine } from "./environment/doctor.ts";
export { watchActivity } from "./environment/watch-activity.ts";
export { ExportError, exportModel } from "./export/export-model.ts";
export { loadSamples } from "./inputs/load-samples.ts";
export { type Sample, type SampleSet, sampleSet } from "./inputs/sample.ts";
export { synthesise } from "./inputs/synthesise.ts";
export type { Instruments, RunningLoad, RunningServer, TableBench } from "./instruments.ts";
export type { LoadJob } from "./load/load-job.ts";
export { describeRemoteModel, RemoteModelError } from "./load/remote-model.ts";
export { type PreparedRequest, prepareMix, type RequestMix } from "./load/request-mix.ts";
export { LoadClient, runLoad } from "./load/run-load.ts";
export {
  type Calibration,
  calibratedTable,
  clientsAt,
  closedLoop,
  measureCalibration,
  timeFactor,
  waitAlone,
} from "./measure/calibration.ts";
export { heldOutError } from "./measure/held-out.ts";
export { type MachineNoise, machineNoise } from "./measure/machine-noise.ts";
export { measureTable, type TableMeasurement } from "./measure/measure-table.ts";
export { representativeSamples } from "./measure/representatives.ts";
export { tableEffort, timeBatches } from "./measure/time-batches.ts";
export { measureUpstream } from "./measure/upstream-table.ts";
export { OutputError } from "./output-directory.ts";
export { edgeOf } from "./race/ladder.ts";
export { race } from "./race/race.ts";
export { SidecarProcess } from "./race/sidecar-process.ts";
export { compareReports } from "./report/compare.ts";
export { summarizeComparison } from "./report/compare-text.ts";
export { figure, milliseconds, percent, percentileName, rate } from "./report/format.ts";
export { renderReport } from "./report/html.ts";
export { summarizeReplay } from "./report/replay.ts";
export { summarizeReport } from "./report/text.ts";
export { textTable } from "./report/text-table.ts";
export { nameOf, summaryOf } from "./search/points.ts";
export { findBest } from "./stages/find-best.ts";
export { makeVariants } from "./stages/make-variants.ts";
export { RequestError } from "./stages/open-model.ts";
export { planFor } from "./stages/plan-for.ts";
export { openTuning, type TuneHooks, tune } from "./tune.ts";
export type { ProgressEvent, TuneRequest, TuneStage } from "./tune-request.ts";
export type { LoadableVariant, OpenedModel, TuningState } from "./tuning-state.ts";
