import type { Simulator } from "../testing/simulator.js";
import type { Io } from "./io.js";
import type { Terminal } from "./terminal.js";

/** Where a scene is played. */
export interface Stage {
  simulator: Simulator;
  io: Io;
  /** Absent for `--json`. */
  terminal?: Terminal | undefined;
  /** Folder of the journal that keeps the records. */
  journal?: string | undefined;
}

/** What came of a scene. */
export interface Played {
  name: string;
  asExpected: boolean;
  answers: number;
  errors: number;
  /** What the records list. */
  attempts: number;
  /** What the simulator saw. */
  requests: number;
  json: Record<string, unknown>;
}
