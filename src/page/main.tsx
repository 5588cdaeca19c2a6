import { render } from "preact";
import type { Report } from "../report/report.js";
import { App } from "./app.js";
import { Connection, takeToken } from "./connection.js";
import { Message } from "./message.js";
import { StaticReport } from "./static-report.js";
import "uplot/dist/uPlot.min.css";
import "./style/tokens.css";
import "./style/layout.css";
import "./style/charts.css";
import "./style/list.css";
import "./style/call.css";

const root = document.getElementById("app")!;
const data = JSON.parse(document.getElementById("data")?.textContent ?? "null") as { report: Report } | null;

if (data) render(<StaticReport report={data.report} />, root);
else {
  const token = takeToken();
  if (token === null) {
    render(
      <Message title="The token is missing">
        This page shows a journal to whoever has the token. Open the whole address that{" "}
        <code>open-router audit serve</code> printed.
      </Message>,
      root,
    );
  } else render(<App connection={new Connection(token)} />, root);
}
