"use strict";
// Search, zoom and keyboard of flame graphs. Without this script the drawings and their tooltips
// are still there. Names come from observed programs: they are only ever text.
for (const figure of document.querySelectorAll("figure.flame")) {
  const make = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
  const bar = make("div", "");
  bar.className = "flame-bar";
  const search = Object.assign(make("input", ""), { type: "search", placeholder: "search functions" });
  search.setAttribute("aria-label", "search functions of this flame graph");
  const reset = Object.assign(make("button", "reset zoom"), { type: "button" });
  const found = make("span", "");
  found.setAttribute("role", "status");
  const shown = make("output", "");
  shown.className = "flame-value";
  bar.append(search, reset, found);
  figure.querySelector("figcaption").after(bar, shown);
  const hint = "Point at a frame. Click or Enter zooms, Escape resets, arrow keys move.";
  shown.textContent = hint;
  const graphs = [...figure.querySelectorAll(".flame-tree")].map(box => graph(box, shown));
  reset.addEventListener("click", () => { graphs.forEach(one => one.zoom(null)); shown.textContent = hint; });
  search.addEventListener("input", () => {
    const shares = graphs.map(one => one.search(search.value.trim().toLowerCase()));
    found.textContent = search.value.trim() ? shares.map(share => share.toFixed(1) + " %").join(" and ") + " of the time" : "";
  });
  search.addEventListener("keydown", event => {
    if (event.key !== "Escape") return;
    search.value = "";
    search.dispatchEvent(new Event("input"));
  });
}

// One tree: `box` is scrolled and has the focus.
function graph(box, shown) {
  const drawing = box.querySelector("svg");
  const rows = [...drawing.children].filter(row => row.tagName === "svg").map(row =>
    [...row.children].map(element => {
      const [name, value] = element.querySelector("title").textContent.split("\n");
      const left = parseFloat(element.getAttribute("x"));
      return { element, name, value, left, width: parseFloat(element.getAttribute("width")), parent: null, parts: [] };
    }));
  rows.forEach((row, depth) => row.forEach(node => {
    node.depth = depth;
    const middle = node.left + node.width / 2;
    node.parent = depth ? rows[depth - 1].find(above => above.left <= middle && middle <= above.left + above.width) ?? null : null;
    node.parent?.parts.push(node);
  }));
  const all = rows.flat();
  const of = new Map(all.map(node => [node.element, node]));
  const whole = (rows[0] ?? []).reduce((sum, node) => sum + node.width, 0);
  let current = null;

  const isInside = (node, top) => {
    for (let at = node; at; at = at.parent) if (at === top) return true;
    return false;
  };
  function label(node, width) {
    let text = node.element.querySelector("text");
    if (!text && width * box.clientWidth / 100 > 20) {
      text = document.createElementNS("http://www.w3.org/2000/svg", "text");
      text.setAttribute("x", "3");
      text.setAttribute("y", "12");
      text.textContent = node.name;
      node.element.append(text);
    }
  }
  function zoom(top) {
    for (const node of all) {
      const above = top && isInside(top, node);
      const visible = !top || above || isInside(node, top);
      node.element.style.display = visible ? "" : "none";
      node.element.classList.toggle("above", Boolean(above && node !== top));
      if (!visible) continue;
      const left = !top ? node.left : above ? 0 : (node.left - top.left) / top.width * 100;
      const width = !top ? node.width : above ? 100 : node.width / top.width * 100;
      node.element.setAttribute("x", left.toFixed(3) + "%");
      node.element.setAttribute("width", width.toFixed(3) + "%");
      label(node, width);
    }
  }
  function choose(node) {
    if (!node) return;
    current?.element.classList.remove("chosen");
    current = node;
    node.element.classList.add("chosen");
    show(node);
    const top = node.depth * 17;
    if (top < box.scrollTop) box.scrollTop = top;
    if (top + 34 > box.scrollTop + box.clientHeight) box.scrollTop = top + 34 - box.clientHeight;
  }
  const show = node => { shown.textContent = node.name + ": " + node.value; };
  const at = event => of.get(event.target.closest("svg[class]"));
  const isVisible = node => node.element.style.display !== "none";
  function beside(step) {
    const row = rows[current.depth].filter(isVisible).sort((one, other) => one.left - other.left);
    return row[row.indexOf(current) + step];
  }
  const widest = parts => parts.filter(isVisible).reduce((most, node) => !most || node.width > most.width ? node : most, null);

  drawing.addEventListener("mouseover", event => { const node = at(event); if (node) show(node); });
  drawing.addEventListener("click", event => { const node = at(event); if (node) { choose(node); zoom(node); } });
  box.addEventListener("focus", () => { if (!current) choose(widest(rows[0] ?? [])); });
  box.addEventListener("keydown", event => {
    if (!current) return;
    switch (event.key) {
      case "ArrowUp": choose(current.parent); break;
      case "ArrowDown": choose(widest(current.parts)); break;
      case "ArrowLeft": choose(beside(-1)); break;
      case "ArrowRight": choose(beside(1)); break;
      case "Enter": zoom(current); break;
      case "Escape": zoom(null); break;
      default: return;
    }
    event.preventDefault();
  });
  // Returns the percentage of the tree inside of frames that match.
  function find(words) {
    const matches = node => Boolean(words) && node.name.toLowerCase().includes(words);
    let sum = 0;
    for (const node of all) {
      const hit = matches(node);
      node.element.classList.toggle("hit", hit);
      node.counted = hit || Boolean(node.parent?.counted);
      if (hit && !node.parent?.counted) sum += node.width;
    }
    drawing.classList.toggle("searching", Boolean(words));
    return whole ? sum / whole * 100 : 0;
  }
  return { zoom, search: find };
}
