/** Longest delay a timer takes; larger waits are clamped to it. */
const MAX_MS = 2 ** 31 - 1;
/** A longer header value is not a number or a date. */
const MAX_LENGTH = 400;

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
// The three forms of RFC 9110, section 5.6.7. Date.parse would read the third as local time and "1,2" as a date.
const IMF_FIXDATE = /^[a-z]{3}, (\d{2}) ([a-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) gmt$/i;
const RFC_850 = /^[a-z]{6,9}, (\d{2})-([a-z]{3})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) gmt$/i;
const ASCTIME = /^[a-z]{3} ([a-z]{3}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/i;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Milliseconds a server asked to wait, in [0, 2³¹−1]; undefined when it did not say, or not intelligibly.
 *
 * Sources in order: `retry-after-ms`, `Retry-After`, `metadata.retry_after_seconds`, `metadata.headers["Retry-After"]`,
 * `availability.retry_after`, then `X-RateLimit-Reset` (header, or in `metadata.headers`). An unintelligible or
 * negative value counts as absent; a date in the past is 0; of several numbers in one header (`1,2`) the larger counts.
 *
 * @param errorBody the parsed body, or its `error` object
 * @param wallNow Unix milliseconds
 */
export function retryAfterMs(headers: Fields, errorBody: unknown, wallNow: number): number | undefined {
  return (
    statedWaitMs(headers, errorBody, wallNow) ??
    resetMs(field(headers, "x-ratelimit-reset"), wallNow) ??
    resetMs(field(metadataHeaders(errorBody), "x-ratelimit-reset"), wallNow)
  );
}

/** As `retryAfterMs`, without `X-RateLimit-Reset`, which some hosts send with every failure. */
export function statedWaitMs(headers: Fields, errorBody: unknown, wallNow: number): number | undefined {
  const error = errorOf(errorBody);
  const metadata = fields(own(error, "metadata"));
  return (
    clamp(number(field(headers, "retry-after-ms"))) ??
    retryAfterHeaderMs(field(headers, "retry-after"), wallNow) ??
    secondsMs(own(metadata, "retry_after_seconds")) ??
    secondsMs(own(metadata, "retry_after_seconds_raw")) ??
    retryAfterHeaderMs(field(metadataHeaders(errorBody), "retry-after"), wallNow) ??
    secondsMs(own(fields(own(error, "availability")), "retry_after"))
  );
}

function retryAfterHeaderMs(value: unknown, wallNow: number): number | undefined {
  const plain = secondsMs(value);
  if (plain !== undefined || typeof value !== "string" || value.length > MAX_LENGTH) return plain;
  const date = httpDate(value.trim(), wallNow);
  if (date !== undefined) return clamp(Math.max(0, date - wallNow));
  const several = value.split(",").map(secondsMs);
  if (several.some((wait) => wait === undefined)) return undefined;
  return Math.max(...several.map((wait) => wait ?? 0));
}

/** Epoch milliseconds, epoch seconds, or seconds from now: told apart by size. */
function resetMs(value: unknown, wallNow: number): number | undefined {
  const at = number(value);
  if (at === undefined) return undefined;
  if (at > 1e11) return clamp(Math.max(0, at - wallNow));
  if (at > 1e9) return clamp(Math.max(0, at * 1000 - wallNow));
  return clamp(at * 1000);
}

function secondsMs(value: unknown): number | undefined {
  const seconds = number(value);
  return seconds === undefined ? undefined : clamp(seconds * 1000);
}

function clamp(ms: number | undefined): number | undefined {
  // Rounded up: a server that asked for 0.4 ms must not be asked again at once.
  return ms === undefined || Number.isNaN(ms) ? undefined : Math.min(MAX_MS, Math.ceil(ms));
}

/** A number that is not negative; Infinity where the digits mean one. */
function number(value: unknown): number | undefined {
  if (typeof value === "number") return value >= 0 ? Math.abs(value) : undefined;
  if (typeof value !== "string" || value.length > MAX_LENGTH) return undefined;
  const text = value.trim();
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}

function httpDate(text: string, wallNow: number): number | undefined {
  const imf = IMF_FIXDATE.exec(text);
  if (imf) return utc(imf[3], imf[2], imf[1], imf.slice(4));
  const asc = ASCTIME.exec(text);
  if (asc) return utc(asc[6], asc[1], asc[2], asc.slice(3, 6));
  const old = RFC_850.exec(text);
  if (!old) return undefined;
  const thisYear = new Date(wallNow).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + Number(old[3]);
  // RFC 9110: a two-digit year that seems more than 50 years ahead is the most recent one with these digits.
  return utc(String(year > thisYear + 50 ? year - 100 : year), old[2], old[1], old.slice(4));
}

function utc(year = "", month = "", day = "", time: string[] = []): number | undefined {
  const [hour = 0, minute = 0, second = 0] = time.map(Number);
  const index = MONTHS.indexOf(month.toLowerCase());
  if (index < 0 || hour > 23 || minute > 59 || second > 60) return undefined;
  const at = Date.UTC(Number(year), index, Number(day), hour, minute, second);
  return new Date(at).getUTCDate() === Number(day) || second === 60 ? at : undefined;
}

function metadataHeaders(errorBody: unknown): Fields | undefined {
  return fields(own(fields(own(errorOf(errorBody), "metadata")), "headers"));
}

function errorOf(body: unknown): Fields | undefined {
  const whole = fields(body);
  return fields(own(whole, "error")) ?? whole;
}

function fields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null ? (value as Fields) : undefined;
}

function own(object: Fields | undefined, key: string): unknown {
  return object && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** A header by its lower-case name, whatever case it came in. */
function field(headers: Fields | undefined, name: string): unknown {
  if (!headers) return undefined;
  for (const key of Object.keys(headers)) if (key.toLowerCase() === name) return headers[key];
  return undefined;
}
