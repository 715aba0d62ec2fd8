/**
 * Imported before ONNX Runtime by whoever runs it in its own process: version 1.30 reports the use of models to its
 * maker by default, and leaves files in the folder for temporary files. Engine processes are told the same.
 */
process.env["ORT_DISABLE_TELEMETRY"] = "1";
