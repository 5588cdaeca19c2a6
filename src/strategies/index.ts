export { type AdaptiveOptions, adaptive } from "./adaptive.js";
export { type HedgedOptions, hedged } from "./hedged.js";
export { type RaceOptions, race } from "./race.js";
export { sequential } from "./sequential.js";
export { type WeightedOptions, weighted } from "./weighted.js";
