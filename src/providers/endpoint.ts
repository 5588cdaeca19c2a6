import { createHash } from "node:crypto";
import { BlockList, isIP } from "node:net";
import { OptionsError } from "../errors.js";

/** Characters of an API key: servers take about 8 KiB of headers. */
const MAX_KEY_LENGTH = 4096;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const PRINTABLE = /^[\t\x20-\x7e]*$/;
const KEY = /^[\x21-\x7e]+$/;
/** Set by the transport itself; a second value would let one request be read as two. */
const FORBIDDEN = new Set(["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"]);

/** Header names and values; null leaves a default header out. */
export type HeaderValues = Record<string, string | null>;

/**
 * @param path the option's name for the message
 * @throws OptionsError without the key's value
 */
export function checkKey(path: string, key: unknown): string {
  if (typeof key !== "string" || !KEY.test(key)) {
    throw new OptionsError(`${path} must be printable ASCII without spaces or line breaks`);
  }
  if (key.length > MAX_KEY_LENGTH)
    throw new OptionsError(`${path} must have at most ${MAX_KEY_LENGTH} characters`);
  return key;
}

/** Returns the URL without a trailing slash. @throws OptionsError without the URL's secret parts */
export function checkBaseURL(path: string, value: unknown): string {
  const url =
    typeof value === "string" && !/\s/.test(value) && URL.canParse(value) ? new URL(value) : undefined;
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new OptionsError(`${path} must be an absolute http or https URL`);
  }
  const shown = `${url.origin}${url.pathname}`;
  if (url.username || url.password) throw new OptionsError(`${path} must hold no user or password: ${shown}`);
  if (/[?#]/.test(value as string))
    throw new OptionsError(`${path} must have no query and no fragment: ${shown}`);
  return shown.replace(/\/+$/, "");
}

/** @throws OptionsError naming the header, never its value */
export function checkHeaders(path: string, headers: unknown): HeaderValues {
  const result: HeaderValues = {};
  for (const [name, value] of entriesOf(path, headers)) {
    if (value === undefined) continue;
    const lower = String(name).toLowerCase();
    if (typeof name !== "string" || !TOKEN.test(name)) {
      throw new OptionsError(`${path} has a header name that is no HTTP token`);
    }
    if (FORBIDDEN.has(lower))
      throw new OptionsError(`${path}.${name} belongs to the transport and cannot be set`);
    if (lower === "authorization") {
      throw new OptionsError(`${path}.${name} cannot be set: use the option apiKey`);
    }
    if (value !== null && (typeof value !== "string" || !PRINTABLE.test(value))) {
      throw new OptionsError(`${path}.${name} must be printable ASCII`);
    }
    result[lower] = value as string | null;
  }
  return result;
}

function entriesOf(path: string, headers: unknown): Iterable<[unknown, unknown]> {
  if (headers === undefined || headers === null) return [];
  if (headers instanceof Headers) return headers.entries();
  if (Array.isArray(headers))
    return headers.map((row) => (Array.isArray(row) ? [row[0], row[1]] : [row, null]));
  if (typeof headers === "object") return Object.entries(headers);
  throw new OptionsError(`${path} must be an object of strings`);
}

/** Host and port that requests to a checked base URL go to. */
export function serverOf(baseURL: string): { address: string; port: number } {
  const { hostname, port, protocol } = new URL(baseURL);
  const standard = protocol === "https:" ? 443 : 80;
  return { address: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? standard : Number(port) };
}

/** The key, and the values of headers that look as if they held one. */
export function secretsOf(key: string | undefined, headers: HeaderValues): string[] {
  const secrets = key === undefined ? [] : [key];
  for (const [name, value] of Object.entries(headers)) {
    if (value && /key|token|secret|auth|cookie|password/i.test(name)) secrets.push(value);
  }
  return secrets;
}

/** Says that two targets share a key without saying the key. */
export function accountOf(baseURL: string, key: string | undefined): string {
  const hash = createHash("sha256").update(`${new URL(baseURL).origin}\0${key ?? ""}`);
  return hash.digest("hex").slice(0, 16);
}

const PRIVATE = new BlockList();
for (const [net, prefix] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
] as const) {
  PRIVATE.addSubnet(net, prefix, "ipv4");
}
PRIVATE.addAddress("::1", "ipv6");
PRIVATE.addSubnet("fc00::", 7, "ipv6");
PRIVATE.addSubnet("fe80::", 10, "ipv6");

/** True for loopback, private and link-local addresses, and for names that only a local network resolves. */
export function isPrivateHost(baseURL: string): boolean {
  const host = new URL(baseURL).hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  const family = isIP(host);
  if (family !== 0) return PRIVATE.check(host, family === 4 ? "ipv4" : "ipv6");
  return !host.includes(".") || /\.(?:localhost|local|internal|lan|home\.arpa)$/.test(host);
}
