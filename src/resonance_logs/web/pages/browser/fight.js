"use strict";

/* A time in a fight as minutes and seconds, with tenths if there are any. */
rl.clock = (seconds) => {
  const tenths = Math.round(seconds * 10);
  const minutes = Math.floor(tenths / 600);
  const rest = new Intl.NumberFormat(undefined, { minimumIntegerDigits: 2 })
    .format((tenths % 600) / 10);
  return `${minutes}:${rest}`;
};

/* Numbers of equal length, so that a column can be compared; the full number on hover. */
rl.figure = (value) => {
  if (value == null) return "";
  const digits = Math.abs(value) < 1000
    ? { maximumFractionDigits: 1 }
    : { notation: "compact", minimumSignificantDigits: 3, maximumSignificantDigits: 3 };
  return new Intl.NumberFormat(undefined, digits).format(value);
};
rl.figureCell = (params) =>
  rl.text("span", rl.figure(params.value), "", rl.whole(params.value));
rl.part = (value) => value == null ? "" : new Intl.NumberFormat(undefined,
  { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value);

/* A share as text and as a bar; the largest share has the longest bar. */
rl.share = (params) => {
  const cell = rl.text("div", "", "rl-share");
  const bar = rl.text("div", "", "rl-bar");
  bar.style.width = `${params.data.most ? (100 * params.value) / params.data.most : 0}%`;
  bar.style.setProperty("--class", params.data.color);
  const room = rl.text("div", "");
  room.append(bar);
  cell.append(rl.text("span", rl.part(params.value)), room);
  return cell;
};

/* Hide the columns that need more room than there is; each says how much it needs. */
rl.fit = (params) => {
  if (!params.clientWidth) return;
  const state = (params.api.getColumns() ?? []).map((column) => (
    { column, hide: params.clientWidth < (column.getColDef().context?.room ?? 0) }
  )).filter(({ column, hide }) => column.isVisible() === hide)
    .map(({ column, hide }) => ({ colId: column.getColId(), hide }));
  if (state.length) params.api.applyColumnState({ state });
};

/* Replace the rows of a table that exists, or is about to. */
rl.fill = (id, rows) => {
  const table = getElement(id);
  if (!table) return;
  if (table.api) table.api.setGridOption("rowData", rows);
  else setTimeout(() => rl.fill(id, rows), 20);
};

/* Open a row: select it in its table and notify the page; with Ctrl in a new tab. */
rl.open = (params, event) => {
  if (event === "open" && (params.event?.ctrlKey || params.event?.metaKey)) {
    emitEvent("apart", params.data.id);
    return;
  }
  params.node.setSelected(true, true);
  emitEvent(event, params.data.id);
};

/* Scroll an opened panel into view, also while its tables are created, unless the reader does
   something meanwhile; move the focus there, and restore it when the panel is closed. */
rl.reveal = (id) => {
  const opened = getHtmlElement(id);
  if (!opened) return;
  if (!opened.contains(document.activeElement)) rl.opener = document.activeElement;
  opened.focus({ preventScroll: true });
  const watch = new ResizeObserver(() => opened.scrollIntoView({ block: "nearest" }));
  watch.observe(opened);
  const stop = new AbortController();
  const end = () => { watch.disconnect(); stop.abort(); };
  for (const event of ["wheel", "pointerdown", "keydown"]) {
    addEventListener(event, end, { signal: stop.signal });
  }
  setTimeout(end, 1500);
};
rl.goBack = () => {
  if (rl.opener?.isConnected) rl.opener.focus();
};

rl.chart = {
  waiting: null,

  /* Once the chart is drawn, dragging on it selects a range. On touch screens dragging scrolls the
     page; the handles below the chart select a range. */
  arm: (id) => {
    if (matchMedia("(pointer: coarse)").matches) return;
    const chart = getElement(id)?.chart;
    if (!chart?.getModel()) return;
    if (!chart.rlSeen) rl.chart.prepare(chart);
    if (chart.rlArmed === chart.getModel()) return;
    chart.rlArmed = chart.getModel();
    chart.dispatchAction({
      type: "takeGlobalCursor", key: "dataZoomSelect", dataZoomSelectActive: true,
    });
  },

  /* A redraw replaces the lines and keeps all other components: ECharts does not dispose the brush
     of a replaced toolbox, so both brushes would select, one after the other. */
  prepare: (chart) => {
    const draw = chart.setOption.bind(chart);
    chart.setOption = (option, how) => draw(option, how?.notMerge ? { replaceMerge: "series" } : how);
    const look = () => {
      const zoom = chart.getOption().dataZoom[0];
      chart.rlSeen = [zoom.startValue, zoom.endValue];
    };
    look();
    chart.getZr().on("mousedown", look);
  },

  /* The selected range, in seconds of the fight: at once after dragging on the curve (which
     arrives as a batch), after a pause when dragging the handles. */
  part: (event, id, seconds, emit) => {
    const zoom = event.batch?.[0] ?? event;
    const part = zoom.startValue == null
      ? [zoom.start, zoom.end].map((each) => (seconds * each) / 100)
      : rl.chart.snap(getElement(id).chart, [zoom.startValue, zoom.endValue], seconds);
    clearTimeout(rl.chart.waiting);
    rl.chart.waiting = setTimeout(() => emit(part), event.batch ? 0 : 100);
  },

  /* ECharts rounds to pixels: a bound within a pixel of an edge is set to the edge. */
  snap: (chart, part, seconds) => {
    const seen = chart.rlSeen ?? [0, seconds];
    const pixel = (seen[1] - seen[0]) / chart.getWidth();
    const edges = [0, seconds, ...seen];
    return part.map((each) => edges.find((edge) => Math.abs(edge - each) <= pixel) ?? each);
  },
};

rl.picture = {
  /* Draw the table of a fight; all names are drawn as plain text. */
  draw: (canvas, data, dark) => {
    const ink = dark
      ? { page: "#12141a", card: "#1a1d26", text: "#e8eaf0", quiet: "#a3abba", line: "#2c313d" }
      : { page: "#f6f7fb", card: "#ffffff", text: "#1b1f2a", quiet: "#5b6372", line: "#dfe3ec" };
    const width = 760, edge = 24, top = 122, row = 34, sharp = 2;
    const height = top + row * data.rows.length + 46;
    canvas.width = width * sharp;
    canvas.height = height * sharp;
    const pen = canvas.getContext("2d");
    pen.scale(sharp, sharp);
    const family = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
    const fitted = (text, room) => {
      if (pen.measureText(text).width <= room) return text;
      const letters = Array.from(text);
      while (letters.length && pen.measureText(`${letters.join("")}…`).width > room) letters.pop();
      return `${letters.join("")}…`;
    };
    const write = (text, x, y, { size = 15, weight = 400, color = ink.text, align = "left",
      room = width } = {}) => {
      pen.font = `${weight} ${size}px ${family}`;
      pen.fillStyle = color;
      pen.textAlign = align;
      pen.fillText(fitted(String(text), room), x, y);
    };
    pen.fillStyle = ink.page;
    pen.fillRect(0, 0, width, height);
    pen.textBaseline = "alphabetic";
    write(data.title, edge, 40, { size: 22, weight: 700, room: width - 2 * edge });
    write(data.bosses, edge, 64, { size: 15, room: width - 2 * edge });
    const facts = [rl.when(data.startedAtMs), data.part
      ? `${rl.clock(data.part[0])} – ${rl.clock(data.part[1])}` : rl.span(data.duration),
      `${data.what}: ${rl.compact(data.total)}, ${rl.compact(data.perSecond)}/s`];
    write(facts.join("  ·  "), edge, 86, { size: 13, color: ink.quiet, room: width - 2 * edge });
    const right = { total: 500, rate: 590, share: width - edge };
    const head = { size: 12, color: ink.quiet, align: "right" };
    write("Total", right.total, top - 8, head);
    write(data.rate, right.rate, top - 8, head);
    write("Share", right.share, top - 8, head);
    const most = Math.max(...data.rows.map((each) => each.share), 0);
    data.rows.forEach((each, place) => {
      const y = top + place * row, base = y + 22, room = width - 2 * edge;
      pen.fillStyle = ink.card;
      pen.fillRect(edge, y + 1, room, row - 2);
      pen.globalAlpha = dark ? 0.38 : 0.3;
      pen.fillStyle = each.color;
      pen.fillRect(edge, y + 1, most ? (room * each.share) / most : 0, row - 2);
      pen.globalAlpha = 1;
      pen.fillRect(edge, y + 1, 4, row - 2);
      pen.font = `600 15px ${family}`;
      const name = fitted(each.name, 215);
      const after = edge + 14 + pen.measureText(name).width + 8;
      write(name, edge + 14, base, { weight: 600 });
      write(each.className, after, base,
        { size: 12, color: ink.text, room: Math.max(0, right.total - 80 - after) });
      write(rl.figure(each.total), right.total, base, { align: "right" });
      write(rl.figure(each.perSecond), right.rate, base, { align: "right", weight: 700 });
      write(rl.part(each.share), right.share - 8, base, { align: "right" });
    });
    write("Resonance Logs", edge, height - 16, { size: 12, color: ink.quiet });
    return canvas;
  },

  show: (id, data, dark = document.body.classList.contains("body--dark")) => {
    const canvas = getHtmlElement(id);
    if (!canvas) return;
    canvas.rlData = data ?? canvas.rlData;
    rl.picture.draw(canvas, canvas.rlData, dark);
    canvas.setAttribute("aria-label", `${canvas.rlData.title}: ${canvas.rlData.rows
      .map((each) => `${each.name} ${rl.percent(each.share)}`).join(", ")}`);
  },

  blob: (id) => new Promise((done) => getHtmlElement(id).toBlob(done, "image/png")),

  save: async (id, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await rl.picture.blob(id));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  },

  /* Copy the picture; returns whether the browser allowed it. */
  copy: async (id) => {
    try {
      await navigator.clipboard.write([new ClipboardItem({ "image/png": rl.picture.blob(id) })]);
      return true;
    } catch {
      return false;
    }
  },
};
