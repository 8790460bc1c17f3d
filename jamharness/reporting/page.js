"use strict";
(() => {
  const root = document.documentElement;
  const MARKS = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
  const plain = (text) => String(text).replace(/[&<>]/g, (mark) => MARKS[mark]);
  const fail = (reason) => {
    const place = document.getElementById("fault");
    place.textContent = `This browser cannot show the plots and tables of this page: ${reason}`;
    place.hidden = false;
    root.dataset.state = "failed";
  };

  async function unpacked(id) {
    const coded = atob(document.getElementById(id).textContent.trim());
    const bytes = new Uint8Array(coded.length);
    for (let i = 0; i < coded.length; i++) bytes[i] = coded.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  // RFC 4180: quotes around what holds a comma, a quote or the end of a line, and two quotes for one.
  function parsed(csv) {
    const rows = [];
    let row = [], at = 0;
    while (at < csv.length) {
      let value;
      if (csv[at] === '"') {
        const parts = [];
        for (;;) {
          const end = csv.indexOf('"', at + 1);
          parts.push(csv.slice(at + 1, end));
          at = end + 1;
          if (csv[at] !== '"') break;
        }
        value = parts.join('"');
      } else {
        const start = at;
        while (at < csv.length && csv[at] !== "," && csv[at] !== "\n") at++;
        value = csv.slice(start, at);
      }
      row.push(value);
      if (csv[at] !== ",") { rows.push(row); row = []; }
      else if (at + 1 === csv.length) { row.push(""); rows.push(row); row = []; }
      at++;
    }
    return rows;
  }

  const isNumber = (text) => text !== "" && !isNaN(text);
  function short(text) {
    if (!isNumber(text) || /^[+-]?\d*$/.test(text)) return text;
    return String(Number(Number(text).toPrecision(6)));
  }
  function compare(a, b) {
    if (a === "" || b === "") return (a === "") - (b === "");
    const x = a.replace("−", "-"), y = b.replace("−", "-");
    return isNumber(x) && isNumber(y) ? x - y : a.localeCompare(b, "en", { numeric: true });
  }

  // Heads become buttons; a second press turns the order round. Empty cells stay at the end.
  function sortable(table, raw) {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        [...head.parentNode.cells].forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...body.rows].map((row, place) => ({
          row, place, value: raw ? raw[row.dataset.row][column] : row.cells[column].textContent.trim(),
        }));
        const none = (value) => value === "" || value === "–";
        rows.sort((a, b) =>
          none(a.value) || none(b.value) ? none(a.value) - none(b.value) || a.place - b.place
            : (down ? -1 : 1) * compare(a.value, b.value) || a.place - b.place);
        body.append(...rows.map((each) => each.row));
      });
    });
  }

  function filled(box, rows) {
    const place = box.querySelector(".wide");
    if (place.firstChild) return;
    const [heads, ...values] = rows;
    const numeric = heads.map((_, column) => values.some((row) => isNumber(row[column])) &&
      values.every((row) => row[column] === "" || isNumber(row[column])));
    const side = (column) => (numeric[column] ? ' class="number"' : "");
    const head = heads.map((name, column) => `<th scope="col"${side(column)}>${plain(name)}</th>`).join("");
    const body = values.map((row, number) =>
      `<tr data-row="${number}" tabindex="-1">${row.map((value, column) =>
        `<td${side(column)}>${plain(short(value))}</td>`).join("")}</tr>`).join("");
    place.innerHTML = `<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
    sortable(place.firstChild, values);
  }

  function saved(name, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function colours(printing) {
    const style = getComputedStyle(root);
    const of = (name) => style.getPropertyValue(name).trim();
    const [ink, line, paper] = printing ? ["#000000", "#bbbbbb", "#ffffff"] : [of("--ink"), of("--line"), of("--paper")];
    const axis = (name) => ({ [`${name}.gridcolor`]: line, [`${name}.linecolor`]: ink });
    return {
      "font.color": ink, "paper_bgcolor": paper, "plot_bgcolor": paper, "legend.bgcolor": "rgba(0,0,0,0)",
      "hoverlabel.bgcolor": paper, "hoverlabel.font.color": ink, "hoverlabel.bordercolor": ink,
      ...axis("xaxis"), ...axis("yaxis"),
    };
  }

  // What is said of the marks of a trace, each with its row and the settings of its run.
  const LINES = 14;
  function told(data, tables, { run, table, rows: places }) {
    const [heads, ...rows] = tables(table);
    const at = heads.indexOf("cell");
    const shown = heads.map((name, column) => [name, column, `<br>${plain(name)}: `])
      .filter(([name]) => name !== "cell" && name !== "reason");
    const asked = (data.runs[run] || []).map(([key, value]) => `${plain(key)} = ${plain(value)}`);
    const settings = asked.length ? `<br>settings: ${[...new Set(asked)].slice(0, LINES).join(", ")}` : "";
    const name = plain(run);
    return places.map((place) => {
      const row = rows[place];
      let text = `<b>${name}, ${at >= 0 && row[at] ? `cell ${plain(row[at])}` : `row ${place + 1}`}</b>`;
      let lines = 0;
      for (const [, column, head] of shown) {
        const value = row[column];
        if (value === "") continue;
        text += head + plain(short(value));
        if (++lines === LINES) break;
      }
      return text + settings;
    });
  }

  // The colours as they are at the start, so that nothing is drawn twice.
  function placed(layout, narrow) {
    const made = {
      ...structuredClone(layout),
      margin: { l: 56, r: 16, t: 16, b: 56 },
      font: { family: "system-ui, sans-serif", size: narrow ? 11 : 13 },
      legend: narrow ? { orientation: "h", y: -0.25 } : {},
      hoverlabel: { align: "left", font: {} },
    };
    for (const [path, value] of Object.entries(colours(false))) {
      const names = path.split(".");
      const last = names.pop();
      names.reduce((part, name) => (part[name] ??= {}), made)[last] = value;
    }
    return made;
  }

  function keys(chart, show) {
    let current = null;
    chart.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: "next", ArrowUp: "last" }[event.key];
      const marks = chart.data.map((trace, curve) => ({ curve, count: trace.meta ? trace.x.length : 0 }))
        .filter((each) => each.count);
      if (!marks.length) return;
      if (event.key === "Enter" && current) show(current.curve, current.point);
      if (step === undefined) return;
      event.preventDefault();
      const known = current ? marks.findIndex((each) => each.curve === current.curve) : -1;
      if (known < 0) current = { curve: marks[0].curve, point: 0 };
      else if (typeof step === "string") {
        const turn = step === "next" ? 1 : marks.length - 1;
        current = { curve: marks[(known + turn) % marks.length].curve, point: 0 };
      } else {
        const { curve, count } = marks[known];
        current = { curve, point: (current.point + step + count) % count };
      }
      Plotly.Fx.hover(chart, [{ curveNumber: current.curve, pointNumber: current.point }]);
      const text = chart.data[current.curve].text[current.point];
      document.getElementById("said").textContent = text.replace(/<br>/g, "; ").replace(/<[^>]*>/g, "");
    });
  }

  async function start() {
    const bundle = document.querySelector(".chart") ? unpacked("bundle") : null;
    const data = JSON.parse(await unpacked("data"));
    const known = new Map();
    const tables = (name) => {
      if (!known.has(name)) known.set(name, parsed(data.tables[name].csv));
      return known.get(name);
    };
    document.querySelectorAll("table.sortable").forEach((table) => sortable(table));
    document.querySelectorAll("button.csv").forEach((button) =>
      button.addEventListener("click", () => {
        const { file, csv } = data.tables[button.dataset.table];
        saved(file, csv);
      }));
    const boxes = new Map();
    document.querySelectorAll("details.table").forEach((box) => {
      boxes.set(box.dataset.table, box);
      box.addEventListener("toggle", () => { if (box.open) filled(box, tables(box.dataset.table)); });
    });
    const toRow = (meta, point) => {
      const box = boxes.get(meta.table);
      filled(box, tables(meta.table));
      box.open = true;
      document.querySelectorAll("tr.found").forEach((row) => row.classList.remove("found"));
      const row = box.querySelector(`tr[data-row="${meta.rows[point]}"]`);
      row.classList.add("found");
      row.scrollIntoView({ block: "center" });
      row.focus({ preventScroll: true });
    };
    root.dataset.state = "tables";

    const charts = [...document.querySelectorAll(".chart")];
    if (charts.length) {
      const script = document.createElement("script");
      script.textContent = await bundle;
      document.head.append(script);
      if (typeof Plotly === "undefined") throw new Error("plotly.js does not start");
    }
    const drawn = [];
    async function draw(chart) {
      const { data: traces, layout } = data.charts[chart.dataset.chart];
      for (const trace of traces) {
        if (!trace.meta) continue;
        trace.text = told(data, tables, trace.meta);
        trace.hovertemplate = `%{text}<br>${trace.hovertemplate}<extra></extra>`;
      }
      const made = placed(layout, window.innerWidth < 640);
      await Plotly.newPlot(chart, traces, made, { responsive: true, displaylogo: false });
      drawn.push(chart);
      const show = (curve, point) => { const { meta } = chart.data[curve]; if (meta) toRow(meta, point); };
      chart.on("plotly_click", ({ points: [point] }) => show(point.curveNumber, point.pointNumber));
      keys(chart, show);
    }
    const paint = (printing = false) => drawn.forEach((chart) => Plotly.relayout(chart, colours(printing)));
    document.getElementById("theme").addEventListener("click", () => {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      paint();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => paint());
    matchMedia("print").addEventListener("change", (event) => {
      paint(event.matches);
      drawn.forEach((chart) => Plotly.Plots.resize(chart));
    });
    // First what is on the screen; the rest while the reader reads, a chart at a time.
    const seen = charts.filter((chart) => chart.getBoundingClientRect().top < window.innerHeight);
    for (const chart of seen) await draw(chart);
    root.dataset.opened = Math.round(performance.now());
    root.dataset.state = "open";
    for (const chart of charts.filter((each) => !seen.includes(each))) {
      await new Promise((resume) => setTimeout(resume, 0));
      await draw(chart);
    }
    root.dataset.drawn = Math.round(performance.now());
    root.dataset.state = "drawn";
  }

  if (typeof DecompressionStream === "undefined") fail("it has no DecompressionStream (Chrome 80, Firefox 113, Safari 16.4)");
  else start().catch((error) => fail(error.message));
})();
