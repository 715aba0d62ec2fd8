export { elementwiseModel, embeddingModel, onnxModel, stallingModel, writeOnnx } from "./builders/onnx-model.ts";
export { type WorkingModelOptions, workingModel } from "./builders/working-model.ts";
export { DirectModel } from "./direct-run.ts";
export { fuzzServers } from "./fuzz/fuzz-server.ts";
export { Workplace } from "./integration/cli-process.ts";
export { ServedModel } from "./integration/served-model.ts";
export { damagedWeights } from "./models/damaged-int8.ts";
export { digitLines, digitsModel, digitsSamples } from "./models/digits.ts";
export { paragraphs, passages, wordGroups } from "./models/english-text.ts";
export { minilmLongestInput, minilmModel, minilmTensors, minilmTokenizer, writeTextSamples } from "./models/minilm.ts";
export {
  decodeText,
  inferenceRequest,
  type LineImage,
  lineImages,
  ocrAlphabet,
  ocrModels,
  recogniserTensors,
  writeOcrSamples,
} from "./models/ocr.ts";
export { writeClassifierSamples, writeDetectorSamples } from "./models/ocr-samples.ts";
export { cleanPrint, imageHeight, type RenderOptions, renderText, typefaces } from "./models/render-text.ts";
export { type RaceOfEquals, replayRaceOfEquals } from "./replay/race-of-equals.ts";
export { ReplayedLoad, sharedMachine, steadyMachine } from "./replay/replayed-load.ts";
