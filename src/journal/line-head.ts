/** What the first bytes of a line say. */
export interface LineHead {
  seq: number;
  ts: string;
  chainId: string;
  event: string;
  /** Of lines that belong to a call. */
  callId: string | undefined;
  /** Of a `request.end`. */
  outcome: string | undefined;
}

/** Room for the place, the event, a UUID and an outcome. */
const HEAD_BYTES = 224;
const HEAD =
  /^\{"seq":(\d{1,15}),"ts":"([^"\\]+)","mono":[\d.e+-]+,"chainId":"([^"\\]+)","event":"([a-z._]+)"(?:,"callId":"([^"\\]*)"(?:,"outcome":"([a-z]+)")?)?/;

/** Reads the beginning of a line without parsing all of it; undefined when it does not begin as lines do. */
export function headOf(line: Buffer): LineHead | undefined {
  const found = HEAD.exec(line.toString("latin1", 0, HEAD_BYTES));
  if (!found) return undefined;
  const [, seq, ts, chainId, event, callId, outcome] = found;
  return {
    seq: Number(seq),
    ts: ts as string,
    chainId: chainId as string,
    event: event as string,
    callId,
    outcome,
  };
}

const ATTEMPTS = Buffer.from('"attempts":[');
const ATTEMPTS_END = Buffer.from('],"skipped":[');
const ATTEMPT = Buffer.from('{"n":');

/**
 * How many attempts the record of a `request.end` lists, by its bytes: within JSON, a quotation mark that no backslash
 * precedes is never part of a string, so that none of these can be a text. Undefined when its keys stand in another order.
 */
export function attemptsIn(line: Buffer): number | undefined {
  const from = line.indexOf(ATTEMPTS);
  const to = from < 0 ? -1 : line.indexOf(ATTEMPTS_END, from + ATTEMPTS.length - 1);
  if (to < 0) return undefined;
  let count = 0;
  for (let at = line.indexOf(ATTEMPT, from); at >= 0 && at < to; at = line.indexOf(ATTEMPT, at + 1)) count++;
  return count;
}
