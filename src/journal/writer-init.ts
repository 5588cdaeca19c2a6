import type { Clock } from "../types.js";
import type { ChainEnd } from "./chain-end.js";
import type { Disk } from "./disk.js";
import type { Waiting } from "./line-queue.js";

export type Durability = "memory" | "os" | "fsync";

export interface WriterInit {
  dir: string;
  /** Finds the end of a chain that is ours to write. */
  open: () => Promise<ChainEnd>;
  /** Asked before a segment is made: says in the folder that the chain is ours to write. @throws the system's error */
  hold?: () => Promise<void>;
  disk: Disk;
  clock: Clock;
  version: string;
  durability: Durability;
  maxSegmentBytes: number;
  maxSegmentAgeMs: number;
  maxQueueBytes: number;
  /** For how long `close` tries on a disk that takes nothing. */
  closeMs: number;
  /** Somebody should hear of it: told once per trouble, not once per line. */
  onTrouble: (error: Error) => void;
  /** Lines up to here count. */
  onDurable?: (place: { seq: number; head: string }, lines: readonly Pick<Waiting, "event">[]) => void;
  onSegmentClosed?: () => void;
}
