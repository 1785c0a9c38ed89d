// Everything that an application imports from this library.

export { Backoff } from "./backoff.js";
export { Client } from "./client.js";
export { closePolicy } from "./close.js";
export { GameError } from "./errors.js";
export { InterpolationBuffer, Predictor, TickClock, lerp, lerpAngle } from "./predict.js";
export { SharedView, mergePatch } from "./state.js";
