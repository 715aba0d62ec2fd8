/** How an error counts towards the service level. */
export type ErrorOutcome = "Excluded" | "Refused" | "Expired" | "Failed";

/**
 * Every error that a client can get, in one table: code, HTTP status and the text. `{word}` is filled in. The texts
 * say what happened and what to do next, and never hold a path, a stack or an engine's words.
 *
 * `outcome` says how the service level counts the answer: `Excluded` is the client's own doing.
 */
export const apiErrors = {
  InvalidJson: {
    status: 400,
    outcome: "Excluded",
    template: "The body is not valid JSON in UTF-8; send an Open Inference Protocol v2 inference request.",
  },
  InvalidJsonObject: {
    status: 400,
    outcome: "Excluded",
    template: "The body is not a JSON object in UTF-8; send one.",
  },
  InvalidField: { status: 400, outcome: "Excluded", template: "'{field}' must be {expected}." },
  InvalidHeaderLength: {
    status: 400,
    outcome: "Excluded",
    template:
      "Inference-Header-Content-Length must be decimal digits and at most the body's {bytes} bytes; send the length of the JSON part.",
  },
  JsonTooComplex: {
    status: 400,
    outcome: "Excluded",
    template:
      "The JSON part has more than {parts} lists, objects and strings, or more than {depth} within each other; send flat lists, or binary data.",
  },
  InvalidCompression: {
    status: 400,
    outcome: "Excluded",
    template: "The body is not {encoding} with a right checksum and nothing after its end; send all of it unchanged.",
  },
  RawBodyUnfit: {
    status: 400,
    outcome: "Excluded",
    template:
      "A body without a JSON part fits a model with one input, whose shape for one row follows from the number of bytes; send a JSON part that describes the data.",
  },
  InvalidMessage: {
    status: 400,
    outcome: "Excluded",
    template: "The message is not a valid {type} of the Open Inference Protocol v2; send one.",
  },
  MessageTooComplex: {
    status: 400,
    outcome: "Excluded",
    template: "The message has more than {parts} fields; send the data of a tensor packed or as raw contents.",
  },
  WrongRawCount: {
    status: 400,
    outcome: "Excluded",
    template:
      "'raw_input_contents' has {actual} entries for {expected} inputs; send one for each input, in the order of the inputs.",
  },
  ContentsTwice: {
    status: 400,
    outcome: "Excluded",
    template: "Input '{name}' has both typed contents and an entry in raw_input_contents; send one of them.",
  },
  WrongContents: {
    status: 400,
    outcome: "Excluded",
    template: "Input '{name}' has its data in {actual}; data of type {datatype} goes into {expected}.",
  },
  MissingInput: { status: 400, outcome: "Excluded", template: "Input '{name}' is missing; the model needs {names}." },
  UnknownInput: { status: 400, outcome: "Excluded", template: "The model has no input '{name}'; it has {names}." },
  DuplicateInput: {
    status: 400,
    outcome: "Excluded",
    template: "Input '{name}' is given twice; send each input once.",
  },
  UnknownOutput: {
    status: 400,
    outcome: "Excluded",
    template: "The model serves no output '{name}'; it serves {names}.",
  },
  DuplicateOutput: {
    status: 400,
    outcome: "Excluded",
    template: "Output '{name}' is requested twice; request each output once.",
  },
  WrongDatatype: {
    status: 400,
    outcome: "Excluded",
    template: "Input '{name}' has datatype {actual}; the model takes {expected}.",
  },
  WrongShape: {
    status: 400,
    outcome: "Excluded",
    template: "Input '{name}' has shape [{actual}]; the model takes [{expected}], where -1 is any size from 1.",
  },
  ShapeTooLarge: {
    status: 400,
    outcome: "Excluded",
    template: "Input '{name}' has a shape of more than 2^53 elements; send the shape of the data.",
  },
  UnequalSizes: {
    status: 400,
    outcome: "Excluded",
    template: "Inputs '{first}' and '{second}' differ in their {what} ({firstSize} and {secondSize}); make them equal.",
  },
  WrongElementCount: {
    status: 400,
    outcome: "Excluded",
    template: "Input '{name}' holds {actual} elements, but its shape [{shape}] has {expected}.",
  },
  WrongByteCount: {
    status: 400,
    outcome: "Excluded",
    template: "Input '{name}' holds {actual} bytes, but its shape and datatype need {expected}.",
  },
  TruncatedBinary: {
    status: 400,
    outcome: "Excluded",
    template: "The body ends before the binary data of input '{name}'; send all bytes that binary_data_size announces.",
  },
  LeftoverBinary: {
    status: 400,
    outcome: "Excluded",
    template: "{bytes} bytes are left over after the last binary input; announce them with binary_data_size.",
  },
  DataTwice: {
    status: 400,
    outcome: "Excluded",
    template: "Input '{name}' has both 'data' and 'binary_data_size'; send one of them.",
  },
  MissingData: {
    status: 400,
    outcome: "Excluded",
    template: "Input '{name}' has neither 'data' nor 'binary_data_size'; send one of them.",
  },
  InvalidElement: {
    status: 400,
    outcome: "Excluded",
    template: "Element {index} of input '{name}' is not {expected}.",
  },
  UnsafeInteger: {
    status: 400,
    outcome: "Excluded",
    template:
      "Element {index} of input '{name}' is an integer beyond 2^53, which JSON does not carry exactly; send it as binary data.",
  },
  NonFiniteInput: {
    status: 400,
    outcome: "Excluded",
    template: "Element {index} of input '{name}' is NaN or infinite; send finite numbers.",
  },
  OutOfBounds: {
    status: 400,
    outcome: "Excluded",
    template: "Element {index} of input '{name}' is {value}; the model takes {minimum} to {maximum}.",
  },
  UnsupportedParameter: {
    status: 400,
    outcome: "Excluded",
    template: "The parameter '{name}' is not supported; leave it out.",
  },
  EmptyText: {
    status: 400,
    outcome: "Excluded",
    template: "Text {index} has no tokens; send a text that is not empty.",
  },
  TextTooLong: {
    status: 400,
    outcome: "Excluded",
    template: "Text {index} has {length} {unit}; send at most {limit} in one text.",
  },
  InvalidImage: {
    status: 400,
    outcome: "Excluded",
    template: "Image {index} cannot be decoded; send a whole JPEG, PNG or WebP file.",
  },
  ImageTooLarge: {
    status: 413,
    outcome: "Excluded",
    template: "Image {index} is larger than {limit}; send a smaller one.",
  },
  UnequalRows: {
    status: 400,
    outcome: "Excluded",
    template: "Output '{name}' has another size for each of these rows; send them in requests of one row.",
  },
  NoEmbeddings: {
    status: 404,
    outcome: "Excluded",
    template: "This server makes no embeddings of texts; its plan has no tokenizer.",
  },
  RejectedByModel: {
    status: 400,
    outcome: "Excluded",
    template: "The model cannot compute these inputs; check that their values and sizes fit together.",
  },
  MalformedRequest: {
    status: 400,
    outcome: "Excluded",
    template: "The HTTP request is malformed; send a well-formed one.",
  },
  UnknownModel: {
    status: 404,
    outcome: "Excluded",
    template: "There is no model '{name}' here; this server serves '{served}', version 1.",
  },
  NoCostTable: {
    status: 404,
    outcome: "Excluded",
    template: "The plan that runs has no cost table; tune the model, and serve the plan that comes of it.",
  },
  UnknownPath: { status: 404, outcome: "Excluded", template: "There is nothing at this path; see GET /v2." },
  UnknownService: {
    status: 404,
    outcome: "Excluded",
    template: "There is no service '{service}' here; ask for the empty name to mean the whole server.",
  },
  MethodNotAllowed: { status: 405, outcome: "Excluded", template: "This path does not take {method}; use {allowed}." },
  RequestTimeout: {
    status: 408,
    outcome: "Excluded",
    template: "The request did not arrive in time; send it again without pauses.",
  },
  TooManyRows: {
    status: 413,
    outcome: "Excluded",
    template: "The request has {rows} rows; send at most {limit} rows in one request.",
  },
  BodyTooLarge: {
    status: 413,
    outcome: "Excluded",
    template: "The body is larger than {limit} bytes; send fewer rows in one request.",
  },
  JsonTooLarge: {
    status: 413,
    outcome: "Excluded",
    template: "The JSON part is larger than {limit} bytes; send tensors as binary data.",
  },
  InflationRatio: {
    status: 413,
    outcome: "Excluded",
    template: "The body inflates to more than {ratio} times its size; send it without compression.",
  },
  UnsupportedMediaType: {
    status: 415,
    outcome: "Excluded",
    template: "Content-Type '{type}' is not supported; use application/json or application/octet-stream.",
  },
  UnsupportedExpectation: {
    status: 417,
    outcome: "Excluded",
    template: "The header Expect takes nothing but 100-continue; leave it out.",
  },
  HeadersTooLarge: {
    status: 431,
    outcome: "Excluded",
    template: "The request has too many headers, or too long ones; send fewer.",
  },
  UnsupportedEncoding: {
    status: 501,
    outcome: "Excluded",
    template: "Content-Encoding '{encoding}' is not supported; send gzip, deflate, or the body as it is.",
  },
  QueueFull: {
    status: 503,
    outcome: "Refused",
    template: "The server has as many requests waiting as it may hold; try again after the time in Retry-After.",
  },
  TooLate: {
    status: 503,
    outcome: "Refused",
    template:
      "The server cannot answer before this request's deadline; try again after the time in Retry-After, or allow more time.",
  },
  NotReady: {
    status: 503,
    outcome: "Refused",
    template: "The model is not loaded yet; try again after the time in Retry-After.",
  },
  ShuttingDown: {
    status: 503,
    outcome: "Refused",
    template: "The server is shutting down; send the request to another one.",
  },
  DeadlineExpired: {
    status: 504,
    outcome: "Expired",
    template: "The request's deadline passed while it waited; try again later, or allow more time.",
  },
  EngineFailed: {
    status: 500,
    outcome: "Failed",
    template: "The engine failed twice on this request; look into the server's log before sending it again.",
  },
  InternalError: {
    status: 500,
    outcome: "Failed",
    template: "The server failed on this request; look into the server's log.",
  },
} as const satisfies Record<string, { status: number; outcome: ErrorOutcome; template: string }>;

export type ApiErrorCode = keyof typeof apiErrors;
