import { mkdtempSync, rmSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { follow } from "../../src/journal/follow.js";
import { AuditServer, type AuditServerOptions } from "../../src/serve/audit-server.js";
import { JournalFixture } from "./journal-fixture.js";
import type { SyntheticCall } from "./synthetic-calls.js";

const HTML = "<!doctype html><style>a{}</style><script>1</script>";

export interface Got {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** biome-ignore lint/suspicious/noExplicitAny: whatever the server says. */
  json: any;
}

/** A server on a journal of its own. */
export class Serving {
  readonly dir = mkdtempSync(join(tmpdir(), "serve-"));
  readonly journal = new JournalFixture(this.dir, { running: true });
  server!: AuditServer;

  static async of(
    calls: Iterable<SyntheticCall>,
    options: Partial<AuditServerOptions> = {},
  ): Promise<Serving> {
    const serving = new Serving();
    for (const call of calls) serving.journal.add(call);
    serving.journal.flush();
    serving.server = await AuditServer.start({ dir: serving.dir, port: 0, page: HTML, follow, ...options });
    return serving;
  }

  /** Appends to the journal, as a running backend does. */
  append(...calls: SyntheticCall[]): void {
    for (const call of calls) this.journal.add(call);
    this.journal.flush();
  }

  /** Sent as it is: no client that tidies paths and headers. */
  get(path: string, headers: Record<string, string> = this.bearer, method = "GET"): Promise<Got> {
    return new Promise((resolve, reject) => {
      const { port } = this.server;
      const asked = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        response.on("error", reject).on("end", () => {
          const { statusCode: status = 0, headers: answered } = response;
          const isJson = answered["content-type"]?.startsWith("application/json") && text !== "";
          resolve({ status, headers: answered, text, json: isJson ? JSON.parse(text) : undefined });
        });
      });
      asked.on("error", reject).end();
    });
  }

  get bearer(): Record<string, string> {
    return { authorization: `Bearer ${this.server.token}` };
  }

  /** When the journal has been read to where it ends now. */
  async read(calls: number): Promise<void> {
    for (;;) {
      const { json } = await this.get("/api/calls?limit=1");
      if (json.journal.calls >= calls && !json.journal.loading) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async close(): Promise<void> {
    await this.server.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
