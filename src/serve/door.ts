import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

const TOKEN_BYTES = 32;

/** Why a request is not answered. */
export interface Refusal {
  status: 401 | 403 | 405;
  error: string;
}

const digest = (text: string) => createHash("sha256").update(text).digest();

/** Who may come in. The port is open to every program and every web page on this machine; what is behind it is not. */
export class Door {
  readonly token: string = randomBytes(TOKEN_BYTES).toString("base64url");
  readonly #expected = digest(`Bearer ${this.token}`);
  #hosts = new Set<string>();

  /** To be called when the port is known. */
  listensOn(port: number): void {
    this.#hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]);
  }

  /** What is asked of every request: a name that another site can point here (DNS rebinding) is no name of ours. */
  refusal(method: string | undefined, headers: IncomingHttpHeaders): Refusal | undefined {
    const { host = "", origin } = headers;
    if (!this.#hosts.has(host.toLowerCase()))
      return { status: 403, error: "this is not the host you asked for" };
    const site = headers["sec-fetch-site"];
    if (
      (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) ||
      (site !== undefined && site !== "same-origin" && site !== "none")
    )
      return { status: 403, error: "other sites are not let in" };
    if (method !== "GET") return { status: 405, error: "only GET is answered" };
    return undefined;
  }

  /** What is asked for data. */
  tokenRefusal({ authorization = "" }: IncomingHttpHeaders): Refusal | undefined {
    // Digests are of equal length, whatever was sent.
    return timingSafeEqual(digest(authorization), this.#expected)
      ? undefined
      : { status: 401, error: "the token is missing or wrong: open the address that the command printed" };
  }
}
