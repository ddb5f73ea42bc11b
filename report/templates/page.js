"use strict";
// Tabs, order of tables, choice of arms. Without this script every alternative is shown, one below
// the other. Names come from observed programs: they are only ever text.
const make = (tag, text, attributes) => {
  const element = Object.assign(document.createElement(tag), { textContent: text });
  Object.entries(attributes ?? {}).forEach(([name, value]) => element.setAttribute(name, value));
  return element;
};

// Tabs with the keys of the WAI-ARIA pattern: arrows, Home and End.
function choice(group) {
  const panels = [...group.children].filter(child => child.classList.contains("tab"));
  const list = make("div", "", { role: "tablist", "aria-label": group.dataset.label });
  const buttons = panels.map(panel => {
    const title = panel.querySelector(":scope > .tab-title");
    const button = make("button", title.textContent, { type: "button", role: "tab", id: "tab-" + panel.id, "aria-controls": panel.id });
    title.remove();
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", button.id);
    return button;
  });
  const show = at => panels.forEach((panel, other) => {
    panel.hidden = other !== at;
    buttons[other].setAttribute("aria-selected", String(other === at));
    buttons[other].tabIndex = other === at ? 0 : -1;
  });
  buttons.forEach((button, at) => {
    button.addEventListener("click", () => show(at));
    panels[at].addEventListener("reveal", () => show(at));
  });
  list.addEventListener("keydown", event => {
    const at = buttons.indexOf(event.target);
    const last = buttons.length - 1;
    const to = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at ? at - 1 : last, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(to);
    buttons[to].focus();
  });
  list.append(...buttons);
  group.prepend(list);
  show(0);
}
document.querySelectorAll(".tabs").forEach(choice);

// A link to something folded away or behind a tab opens the way to it.
function reveal() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let at = target; at; at = at.parentElement) {
    if (at.tagName === "DETAILS") at.open = true;
    if (at.classList.contains("tab")) at.dispatchEvent(new Event("reveal"));
  }
  target.scrollIntoView();
}
addEventListener("hashchange", reveal);
reveal();

// Order of a table. Numbers carry their unit, so that 900 ns stands below 2 µs.
const UNITS = {
  ns: 1e-9, "µs": 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40, k: 1e3, M: 1e6, G: 1e9,
};
function worth(cell) {
  const text = (cell.firstChild?.textContent ?? "").trim();
  const found = text.replaceAll(",", "").replace("−", "-").match(/^([+-]?[\d.]+)\s*([^\s/×%]*)/);
  return found ? Number(found[1]) * (UNITS[found[2]] ?? 1) : -Infinity;
}
// All rows of a table, those included that are not on the page; shows all of them where asked to.
const tables = new Map();
function orderly(table) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  const fixed = original.filter(row => row.classList.contains("total") || row.classList.contains("unexplained"));
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  let moving = original.filter(row => !fixed.includes(row));
  const few = moving.length;
  let further = table.dataset.further && JSON.parse(table.dataset.further);
  const all = few + (further?.length ?? 0);
  const view = { words: "", most: few, order: rows => rows };
  const build = () => {
    if (further) moving = moving.concat(further.map(row => rowOf(row, heads)));
    further = null;
  };
  const textOf = row => [...row.cells].map(cell => cell.firstChild?.textContent ?? "").join(" ").toLowerCase();
  // Returns how many rows match the words, and how many of them are shown.
  const show = () => {
    build();
    const found = view.order(moving.filter(row => textOf(row).includes(view.words)));
    const shown = found.slice(0, view.most);
    const isAsWritten = !view.words && view.most >= few && few === all && shown.every((row, at) => row === moving[at]);
    body.replaceChildren(...(isAsWritten ? original : [...shown, ...(view.words ? [] : fixed)]));
    return [shown.length, found.length];
  };
  tables.set(table, { rows: () => [...new Set([...moving, ...original])], show, view, all });
  if (all > few) filter(table);
  if (all >= 3) sortable(heads, moving => { view.order = moving; tables.get(table).update?.() ?? show(); });
}
// A row that was not on the page: its tone, then its cells. Columns of arms that are hidden are.
function rowOf([tone, ...cells], heads) {
  const row = make("tr", "");
  if (tone) row.className = tone;
  row.append(...cells.map((cell, column) => {
    const isNumber = heads[column].classList.contains("number");
    const [text, note, places, further] = [cell].flat();
    const element = make(!column && !isNumber ? "th" : "td", text, !column && !isNumber ? { scope: "row" } : {});
    if (isNumber) element.className = "number";
    if (note) element.append(make("small", note));
    if (places?.length) element.append(evidence(places, further));
    element.hidden = heads[column].hidden;
    return element;
  }));
  return row;
}
function evidence(places, further) {
  const details = make("details", "", { class: "evidence" });
  const list = make("ul", "");
  list.append(...places.map(place => {
    const item = make("li", "");
    item.append(make("code", place));
    return item;
  }));
  if (further) list.append(make("li", further + " more, in comparison.json"));
  details.append(make("summary", "source"), list);
  return details;
}
// The rows of a long table that have some words, or all of them.
function filter(table) {
  const one = tables.get(table);
  const box = table.closest(".scroll");
  const name = box.getAttribute("aria-label");
  const bar = make("div", "", { class: "row-bar" });
  const input = make("input", "", { type: "search", placeholder: "filter rows", "aria-label": "filter rows: " + name });
  const whole = make("button", "show all rows", { type: "button", "aria-label": "show all rows: " + name });
  const status = make("span", `${one.view.most} of ${one.all} rows`, { role: "status" });
  const few = one.view.most;
  one.update = () => {
    const [shown, found] = one.show();
    status.textContent = one.view.words ? `${shown} of ${found} rows found, of ${one.all}` : `${shown} of ${one.all} rows`;
    return true;
  };
  input.addEventListener("input", () => { one.view.words = input.value.trim().toLowerCase(); one.update(); });
  whole.addEventListener("click", () => {
    const isAll = one.view.most === Infinity;
    one.view.most = isAll ? few : Infinity;
    whole.textContent = isAll ? "show all rows" : "show fewer rows";
    whole.setAttribute("aria-label", whole.textContent + ": " + name);
    one.update();
  });
  bar.append(input, whole, status);
  box.before(bar);
}
function sortable(heads, reorder) {
  heads.forEach((head, column) => {
    if (head.tagName !== "TH") return;
    const button = make("button", head.textContent, { type: "button", title: "sort by this column" });
    head.replaceChildren(button);
    const isNumber = head.classList.contains("number");
    const compare = (one, other) => isNumber
      ? worth(other.cells[column]) - worth(one.cells[column]) || 0
      : one.cells[column].textContent.localeCompare(other.cells[column].textContent);
    button.addEventListener("click", () => {
      const was = head.getAttribute("aria-sort");
      heads.forEach(other => other.removeAttribute("aria-sort"));
      const [first, second] = isNumber ? ["descending", "ascending"] : ["ascending", "descending"];
      const now = was === first ? second : was === second ? null : first;
      if (now) head.setAttribute("aria-sort", now);
      reorder(rows => {
        const sorted = now ? [...rows].sort(compare) : rows;
        return now === second ? sorted.reverse() : sorted;
      });
    });
  });
}
document.querySelectorAll("main table").forEach(orderly);

// Arms that are switched off: their lines in charts, their rows in cards, their columns in tables.
const arms = document.querySelector(".arms");
function columnsOf(name, hide) {
  for (const table of document.querySelectorAll("main table")) {
    const [groups, heads] = table.tHead.rows.length > 1 ? table.tHead.rows : [null, table.tHead.rows[0]];
    [...heads.cells].forEach((head, column) => {
      if (head.textContent !== name) return;
      [head, ...tables.get(table).rows().map(row => row.cells[column])].forEach(cell => { cell.hidden = hide; });
    });
    let column = 0;
    for (const group of groups?.cells ?? []) {
      const span = Number(group.dataset.span ??= group.colSpan);
      const left = [...heads.cells].slice(column, column + span).filter(head => !head.hidden).length;
      group.hidden = !left;
      group.colSpan = Math.max(left, 1);
      column += span;
    }
  }
}
for (const box of arms?.querySelectorAll("input") ?? []) {
  box.addEventListener("change", () => {
    const at = box.dataset.arm;
    document.body.classList.toggle("without-arm-" + at, !box.checked);
    columnsOf(box.parentElement.textContent.trim(), !box.checked);
  });
}
if (arms) arms.hidden = false;

// Values of a chart of lines under the pointer, or by arrow keys once the chart has the focus.
function hover(figure) {
  const data = JSON.parse(figure.dataset.hover);
  const shown = make("output", "\u00a0", { class: "hover" });
  figure.querySelector("figcaption").after(shown);
  const longest = data.lines.reduce((longest, line) => line.points.length > longest.length ? line.points : longest, []);
  if (!longest.length) return;
  const nearest = (points, share) => points.reduce((best, point) => Math.abs(point[0] - share) < Math.abs(best[0] - share) ? point : best);
  for (const size of ["wide", "narrow"]) {
    const box = figure.querySelector("." + size), svg = box.querySelector("svg");
    const [left, top, right, bottom] = data[size];
    const ruler = document.createElementNS("http://www.w3.org/2000/svg", "line");
    Object.entries({ y1: top, y2: bottom, class: "ruler", visibility: "hidden" }).forEach(([name, value]) => ruler.setAttribute(name, value));
    svg.append(ruler);
    const show = share => {
      const lines = data.lines.filter(line => line.points.length && !document.body.classList.contains("without-arm-" + line.arm));
      if (!lines.length) return;
      const at = nearest(longest, share);
      const x = left + at[0] * (right - left);
      ["x1", "x2"].forEach(name => ruler.setAttribute(name, x));
      ruler.setAttribute("visibility", "visible");
      shown.textContent = at[1] + ": " + lines.map(line => line.name + " " + nearest(line.points, at[0])[2]).join(", ");
      box.dataset.at = longest.indexOf(at);
    };
    const hide = () => { ruler.setAttribute("visibility", "hidden"); shown.textContent = "\u00a0"; };
    box.addEventListener("pointermove", event => {
      const frame = svg.getBoundingClientRect();
      const x = (event.clientX - frame.left) * svg.viewBox.baseVal.width / frame.width;
      show((x - left) / (right - left));
    });
    box.addEventListener("pointerleave", hide);
    box.addEventListener("blur", hide);
    box.tabIndex = 0;
    box.addEventListener("keydown", event => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      const to = Math.min(Math.max(Number(box.dataset.at ?? -by) + by, 0), longest.length - 1);
      show(longest[to][0]);
    });
  }
}
document.querySelectorAll("figure[data-hover]").forEach(hover);

// Print everything: paper has no tabs, and no further rows.
const long = () => [...tables.values()].filter(one => one.update);
addEventListener("beforeprint", () => {
  document.querySelectorAll(".tab").forEach(panel => { panel.dataset.was = panel.hidden; panel.hidden = false; });
  long().forEach(one => { one.was = one.view.most; one.view.most = Infinity; one.update(); });
});
addEventListener("afterprint", () => {
  document.querySelectorAll(".tab").forEach(panel => { panel.hidden = panel.dataset.was === "true"; });
  long().forEach(one => { one.view.most = one.was; one.update(); });
});
