// Cards are sorted, hidden and put side by side; sliders choose the picture of a sheet; strips are made of sheets.
const strengths = {{ strengths | tojson }}, places = {{ sheet.places | tojson }}, last = {{ last }};
const cells = {{ cells | tojson }}, samples = {{ samples | tojson }}, pairs = {{ pairs | tojson }};
const methods = {{ methods | tojson }}, zero = {{ zero | tojson }};
const words = {
  strip: {{ t("strip", sample="{sample}", name="{name}", first=strengths[0], last=strengths[last]) | tojson }},
  shown: {{ t("shown", n="{n}", all="{all}") | tojson }}, none: {{ t("none_shown") | tojson }},
  matched: {{ t("matched_by", cosine="{cosine}") | tojson }}, unmatched: {{ t("unmatched", method="{method}") | tojson }},
  apart: {{ t("not_matched") | tojson }},
};
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
const made = (tag, kind, text = "") => Object.assign(document.createElement(tag), { className: kind, textContent: text });
const before = document.querySelector("#unedited").content;

function strip(sheet, sample, name, chosen) {
  // one sheet, shown once a strength: [0] all of a wide card's strengths, [1] those of a narrow one
  const row = document.createDocumentFragment();
  cells.forEach((own, kind) => {
    const line = made("div", `strip ${kind ? "phone" : "wide-only"}`);
    line.setAttribute("role", "img");
    line.setAttribute("aria-label", fill(words.strip, { sample, name }));
    for (const s of own) {
      const box = made("div", "box"), picture = sheet.cloneNode();
      picture.alt = "";
      box.style.setProperty("--place", places[s]);
      box.dataset.s = s;
      box.title = strengths[s];
      if (chosen) box.addEventListener("click", () => chosen(s));
      box.append(picture);
      line.append(box);
    }
    row.append(line);
  });
  return row;
}

const cards = [...document.querySelectorAll(".card")].map((element, order) => {
  const keys = JSON.parse(element.dataset.keys), name = element.querySelector(".which").textContent;
  const slider = element.querySelector("input[type=range]"), template = element.querySelector("template");
  const moved = [...element.querySelectorAll(".moved")], first = element.querySelector(".first");
  const others = element.querySelector(".others"), nought = element.querySelector(".zero");

  function show(s) {
    slider.value = s;
    slider.setAttribute("aria-valuetext", strengths[s]);
    element.style.setProperty("--place", places[s]);
    for (const box of first.querySelectorAll(".box")) box.classList.toggle("now", Number(box.dataset.s) === s);
  }
  function open() {  // once: the pictures that are not needed before the card comes into view
    if (!template.isConnected) return;
    element.querySelectorAll(".before").forEach((box, n) => box.append(...before.children[n].cloneNode(true).childNodes));
    [...template.content.children].forEach((sheet, n) => moved[n + 1].prepend(sheet));
    template.remove();
  }
  slider.addEventListener("input", () => show(Number(slider.value)));
  if (nought) nought.addEventListener("click", () => show(zero));
  if (others) {
    others.addEventListener("toggle", () => {
      const place = others.querySelector("div");
      open();
      if (!others.open || place.childElementCount) return;
      moved.slice(1).forEach((box, n) => place.append(strip(box.querySelector(".sheet"), samples[n + 1], name)));
    });
  }
  first.append(strip(moved[0].querySelector(".sheet"), samples[0], name, show));
  show(last);
  return { element, order, keys, open, method: Number(element.dataset.method) };
});

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    cards.find(({ element }) => element === target).open();
    seen.unobserve(target);
  }
}, { rootMargin: "600px" });
cards.forEach(({ element }) => seen.observe(element));

const form = document.querySelector(".controls"), list = document.querySelector("#list");
const { sort, reverse, attribute, named, text, one, other } = form.elements;
const ascending = new Set(["order", "label", "half", "leakage"]);
const byMethod = (m) => cards.filter(({ method }) => method === m);

function key(card) {
  if (sort.value === "order") return card.order;
  if (sort.value !== "attribute") return card.keys[sort.value];
  const effect = card.keys.effects[attribute.value];
  return effect === null ? null : Math.abs(effect);
}
function sorted(some) {
  const up = ascending.has(sort.value) !== (reverse.getAttribute("aria-pressed") === "true");
  const missing = (value) => value === null || value === undefined || value === "";
  return [...some].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    if (missing(x) || missing(y)) return missing(x) - missing(y) || a.order - b.order;  // these stay last
    const ahead = sort.value === "label" ? order.compare(x, y) : x - y;
    return (up ? ahead : -ahead) || a.order - b.order;
  });
}
function fits({ keys, method }, everyMethod) {
  const boxes = form.querySelectorAll("[name=method]"), wanted = text.value.trim().toLowerCase().split(/\s+/);
  return (everyMethod || !boxes.length || boxes[method].checked) && (!named.checked || keys.label !== "")
    && (!attribute?.value || keys.moved.includes(Number(attribute.value)))
    && wanted.every((word) => keys.text.includes(word));
}
function matches(a, b) {  // [k, j, cosine] of two methods, whichever of them was compared with the other
  for (const [x, y, found] of pairs) {
    if (x === a && y === b) return found;
    if (x === b && y === a) return found.map(([k, j, cosine]) => [j, k, cosine]);
  }
  return null;
}
function sideBySide(a, b) {
  // rows of two: each direction of the one method, in order, and its match of the other; then what is left of that
  const left = byMethod(a), right = byMethod(b), found = matches(a, b), free = new Set(right);
  const rows = sorted(left).map((card) => {
    const [, j, cosine] = found?.find(([k]) => k === left.indexOf(card)) ?? [];
    free.delete(right[j]);
    return [card, right[j], cosine];
  });
  if (!found) {
    const rest = sorted(right);
    rows.forEach((row, n) => { row[1] = rest[n]; free.delete(rest[n]); });
  }
  rows.push(...sorted(free).map((card) => [undefined, card]));
  const lone = (m) => made("p", "lone", fill(words.unmatched, { method: methods[m] }));
  const shown = rows.filter((row) => row.some((card) => card?.keys && fits(card, true)));
  for (const [x, y, cosine] of shown) {
    if (cosine !== undefined) list.append(made("p", "tie", fill(words.matched, { cosine: cosine.toFixed(2) })));
    else if (x && y) list.append(made("p", "tie", words.apart));
    list.append(x?.element ?? lone(a), y?.element ?? lone(b));
  }
  return new Set(shown.flatMap(([x, y]) => [x, y]));
}
function update() {
  const pair = Boolean(one?.value);
  if (sort.value === "attribute" && !attribute.value) sort.value = "order";
  list.querySelectorAll(".tie, .lone").forEach((element) => element.remove());
  list.classList.toggle("pairs", pair);
  if (other) other.disabled = !pair;
  let shown;
  if (pair) {
    if (one.value === other.value) other.value = [...other.options].find(({ value }) => value !== one.value).value;
    shown = sideBySide(Number(one.value), Number(other.value));
    list.append(...cards.filter((card) => !shown.has(card)).map(({ element }) => element));
  } else {
    list.append(...sorted(cards).map(({ element }) => element));
    shown = new Set(cards.filter((card) => fits(card)));
  }
  for (const card of cards) card.element.hidden = !shown.has(card);
  const n = cards.filter((card) => shown.has(card)).length;
  document.querySelector(".count").textContent = fill(words.shown, { n, all: cards.length }) + (n ? "" : ` ${words.none}`);
}
form.addEventListener("input", (event) => {
  if (event.target === attribute && attribute.value) sort.value = "attribute";
  update();
});
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(() => { reverse.setAttribute("aria-pressed", "false"); update(); }));
reverse.addEventListener("click", () => {
  reverse.setAttribute("aria-pressed", String(reverse.getAttribute("aria-pressed") !== "true"));
  update();
});
function mark() {  // a link to a card that is filtered away shows it first
  const card = cards.find(({ element }) => `#${element.id}` === location.hash);
  cards.forEach(({ element }) => element.classList.toggle("found", element === card?.element));
  if (!card) return;
  if (card.element.hidden) { form.reset(); reverse.setAttribute("aria-pressed", "false"); update(); }
  card.open();
  card.element.scrollIntoView({ block: "start" });
}
addEventListener("hashchange", mark);
update();
mark();
