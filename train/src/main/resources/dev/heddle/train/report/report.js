"use strict";
for (const figure of document.querySelectorAll(".chart")) {
  const data = JSON.parse(figure.querySelector("script").textContent);
  const plot = figure.querySelector(".plot"), cross = figure.querySelector(".cross"), tip = figure.querySelector(".tip");
  const number = value => Number.isInteger(value) ? value.toLocaleString("en-US") : String(Number(value.toPrecision(5)));
  figure.querySelector(".scale")?.addEventListener("click", () => {
    figure.classList.toggle("show-log");
    figure.classList.toggle("show-even");
  });
  const nearest = (xs, x) => {
    let low = 0, high = xs.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (xs[middle] < x) low = middle; else high = middle;
    }
    return Math.abs(xs[low] - x) <= Math.abs(xs[high] - x) ? low : high;
  };
  const hide = () => { cross.hidden = tip.hidden = true; };
  const show = event => {
    const box = plot.getBoundingClientRect();
    const [from, to] = data.x;
    const wanted = from + (event.clientX - box.left) / box.width * (to - from);
    const log = figure.classList.contains("show-log");
    const [low, high] = log ? data.log : data.even;
    let anchor = null;
    const rows = [];
    for (const curve of data.curves) {
      const i = nearest(curve.x, wanted), x = curve.x[i], y = curve.y[i];
      if (y === null || x === null || Math.abs(x - wanted) > (to - from) / 8) continue;
      if (anchor === null || Math.abs(x - wanted) < Math.abs(anchor - wanted)) anchor = x;
      rows.push([curve, x, y]);
    }
    if (anchor === null) { hide(); return; }
    cross.replaceChildren();
    tip.replaceChildren();
    const head = document.createElement("b");
    head.textContent = data.across + " " + number(anchor);
    tip.append(head);
    for (const [curve, x, y] of rows) {
      const row = document.createElement("span"), name = document.createElement("i"), value = document.createElement("span");
      name.className = "c" + curve.colour;
      name.textContent = x === anchor ? curve.name : curve.name + " at " + number(x);
      value.textContent = number(y);
      row.append(name, value);
      tip.append(row);
      if (log && y <= 0) continue;
      const dot = document.createElement("i");
      dot.className = "c" + curve.colour;
      dot.style.top = 100 * (1 - ((log ? Math.log(y) : y) - low) / (high - low)) + "%";
      dot.style.left = (x - anchor) / (to - from) * box.width - 4.5 + "px";
      cross.append(dot);
    }
    const at = (anchor - from) / (to - from);
    cross.style.left = 100 * at + "%";
    cross.hidden = tip.hidden = false;
    tip.style.left = at < .5 ? `calc(${100 * at}% + 14px)` : "auto";
    tip.style.right = at < .5 ? "auto" : `calc(${100 - 100 * at}% + 14px)`;
  };
  plot.addEventListener("pointermove", show);
  plot.addEventListener("pointerdown", show);
  plot.addEventListener("pointerleave", hide);
}
