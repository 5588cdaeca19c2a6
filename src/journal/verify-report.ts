/** Something that must not be. */
export interface Problem {
  /** File and line, where it has a place in the journal: `CHAINID.000001.jsonl:12`. */
  place?: string;
  /** What is wrong, as a clause whose subject is the place. */
  what: string;
}

/** Whether one problem of a chain stands before another; those without a place stand last. */
export function isBefore({ place: a }: Problem, { place: b }: Problem): boolean {
  if (a === undefined || b === undefined) return b === undefined && a !== undefined;
  const [fileOfA, fileOfB] = [a.slice(0, a.lastIndexOf(":")), b.slice(0, b.lastIndexOf(":"))];
  if (fileOfA === fileOfB) return Number(a.slice(fileOfA.length + 1)) < Number(b.slice(fileOfB.length + 1));
  return fileOfA.length === fileOfB.length ? fileOfA < fileOfB : fileOfA.length < fileOfB.length;
}

export interface ChainReport {
  chainId: string;
  ok: boolean;
  /** Files that were read. */
  segments: number;
  bytes: number;
  /** Lines that are part of the chain. */
  lines: number;
  /** Of the first and the last of them; 0 when there is none. */
  firstSeq: number;
  lastSeq: number;
  /** Hash of the last one; "" when there is none. */
  head: string;
  /** The earliest and the latest `ts`. */
  from?: string;
  to?: string;
  /** `begun` + `carried` = `ended` + `open`, unless something is reported. */
  calls: {
    begun: number;
    /** Begun in segments that are no longer here. */
    carried: number;
    ended: number;
    /** Of those that ended: their process died, and nobody knows what came of them. */
    unknown: number;
    open: number;
  };
  attempts: number;
  /** Whole lines that stand behind the good ones of their segment. */
  setAside: number;
  /** Lines that were never written, by event, as gaps tell. */
  lost: Record<string, number>;
  /** What retention has removed, as tombstones tell. */
  removed?: { segments: number; lastSeq: number };
  checkpoints: {
    /** In the journal itself. */
    own: number;
    /** From elsewhere. */
    given: number;
    /** Of those given: vouch for a line that is here, and is the one. */
    matched: number;
    /** Of those given: vouch for lines that retention removed. */
    outOfReach: number;
    /** The last line that a given one vouches for; 0 when none does. */
    lastSeq: number;
  };
  /** The first of them by place. */
  problem?: Problem;
  problems: number;
  /** What is no failure and should be known. */
  notes: string[];
}

/** What a journal's folder proves. */
export interface VerifyReport {
  ok: boolean;
  chains: ChainReport[];
  /** Of no chain that is here. */
  problems: Problem[];
  notes: string[];
  /** In plain words, what could have happened without a trace. */
  cannotSee: string[];
  /** Signatures were checked against a key. */
  signatures: boolean;
  bytes: number;
  lines: number;
}
