/* A treemap: rectangles as large as what they stand for, as near to squares as possible.
   The layout is that of Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000). */

const HEADER = 18;
const SMALLEST = 13;

/* Divide a box among items by their values, of which the largest is first. */
function squarify(items, box) {
  const placed = [];
  let left = {...box};
  let sum = items.reduce((total, item) => total + item.value, 0);
  for (let start = 0; start < items.length && sum > 0;) {
    const scale = (left.width * left.height) / sum;
    const side = Math.min(left.width, left.height);
    let end = start + 1;
    let taken = items[start].value;
    while (end < items.length && worst(items[start], items[end], taken + items[end].value, side, scale) <=
           worst(items[start], items[end - 1], taken, side, scale)) {
      taken += items[end].value;
      end += 1;
    }
    left = placeRow(placed, items.slice(start, end), taken, left, sum);
    sum -= taken;
    start = end;
  }
  return placed;
}

/* The worst ratio of sides in a row of these values; only the largest and the smallest matter. */
function worst(largest, smallest, taken, side, scale) {
  const depth = (taken * scale) / side;
  const ratio = (item) => (item.value * scale) / (depth * depth);
  return Math.max(ratio(largest), 1 / ratio(smallest));
}

/* Place a row along the shorter side of a box, and return the rest of the box. */
function placeRow(placed, row, taken, left, sum) {
  const isTall = left.width < left.height;
  const depth = (isTall ? left.height : left.width) * (taken / sum);
  const side = isTall ? left.width : left.height;
  let at = 0;
  for (const item of row) {
    const length = side * (item.value / taken);
    placed.push(isTall
      ? {item, left: left.left + at, top: left.top, width: length, height: depth}
      : {item, left: left.left, top: left.top + at, width: depth, height: length});
    at += length;
  }
  return isTall
    ? {left: left.left, top: left.top + depth, width: left.width, height: left.height - depth}
    : {left: left.left + depth, top: left.top, width: left.width - depth, height: left.height};
}

/* Those too small to be drawn as something become one item together. */
function gather(places, valueOf, area, sum) {
  const sorted = places.filter((at) => valueOf(at) > 0).sort((a, b) => valueOf(b) - valueOf(a) || a - b);
  const items = sorted.map((at) => ({at, value: valueOf(at)}));
  const isSmall = (item) => (item.value / sum) * area < SMALLEST * SMALLEST;
  const first = items.findIndex(isSmall);
  if (first < 0 || first >= items.length - 1) return items;
  const rest = items.slice(first);
  const value = rest.reduce((total, item) => total + item.value, 0);
  const together = [...items.slice(0, first), {rest: rest.map((item) => item.at), value}];
  return together.sort((a, b) => b.value - a.value);
}

/* Lay out all packages side by side. */
function layOutPackages(packages, box) {
  const sum = packages.reduce((total, one) => total + one.size, 0);
  return squarify(gather([...packages.keys()], (at) => packages[at].size, box.width * box.height, sum), box);
}

/* Lay out packages in those that bring them, as deep as there is room. */
function layOutOwners(packages, box) {
  const tiles = [];
  const top = packages.flatMap((one, at) => (one.owner === undefined ? [at] : []));
  placeOwners(packages, top, null, box, tiles);
  return tiles;
}

function placeOwners(packages, places, self, box, tiles) {
  const own = self === null ? 0 : packages[self].size;
  const sum = own + places.reduce((total, at) => total + packages[at].total, 0);
  const valueOf = (at) => (at === self ? own : packages[at].total);
  const items = gather(self === null ? places : [self, ...places], valueOf, box.width * box.height, sum);
  for (const tile of squarify(items, box)) {
    const one = packages[tile.item.at];
    const isGroup = one && tile.item.at !== self && one.owned.length > 0 && tile.width > 70 && tile.height > HEADER + 30;
    tiles.push({...tile, isGroup, isPart: tile.item.at === self});
    if (isGroup) placeOwners(packages, one.owned, tile.item.at, inside(tile), tiles);
  }
}

function inside(tile) {
  return {left: tile.left + 3, top: tile.top + HEADER, width: tile.width - 6, height: tile.height - HEADER - 3};
}

/* The treemap on the page. Arrow keys go from package to package, as in any list. */
class Treemap {
  constructor(element, note, onSelect) {
    Object.assign(this, {element, note, onSelect, options: [], byOwner: false, platform: null});
    element.addEventListener("click", (event) => this.choose(event.target.closest("[role=option]"), false));
    element.addEventListener("keydown", (event) => this.press(event));
    new ResizeObserver(() => this.draw()).observe(element);
  }

  show(platform, byOwner) {
    Object.assign(this, {platform, byOwner});
    this.draw();
  }

  draw() {
    const {clientWidth: width, clientHeight: height} = this.element;
    if (!this.platform || !width || !height) return;
    const packages = this.platform.packages;
    const box = {left: 0, top: 0, width, height};
    const tiles = this.byOwner ? layOutOwners(packages, box) : layOutPackages(packages, box);
    const hadFocus = this.element.contains(document.activeElement);
    const elements = tiles.map((tile) => this.makeTile(tile, box));
    this.element.replaceChildren(...elements);
    this.element.setAttribute("aria-label", `Packages of ${this.platform.name} by size`);
    this.options = elements.filter((one) => one.getAttribute("role") === "option");
    this.note.replaceChildren(this.describe(tiles));
    this.select(this.selected, hadFocus);
  }

  makeTile(tile, box) {
    const {item} = tile;
    const tag = item.rest ? make("div", {class: "tile rest", "aria-hidden": "true"}) : this.makeOption(tile);
    const place = {left: tile.left / box.width, width: tile.width / box.width, top: tile.top / box.height, height: tile.height / box.height};
    for (const [side, share] of Object.entries(place)) tag.style[side] = `${100 * share}%`;
    if (tile.width > 44 && tile.height > 18) {
      tag.classList.add("labelled");
      tag.append(...this.label(tile));
    }
    return tag;
  }

  makeOption(tile) {
    const one = this.platform.packages[tile.item.at];
    const kinds = `tile ${one.kind}${tile.isGroup ? " group" : ""}`;
    if (tile.isPart) return make("div", {class: kinds, "aria-hidden": "true", "data-at": tile.item.at});
    const total = this.byOwner && one.owned.length ? `; ${formatBytes(one.total)} with what only it needs` : "";
    const text = `${one.name}, ${formatBytes(one.size)}${total}`;
    const state = {role: "option", tabindex: "-1", "aria-selected": "false"};
    return make("div", {class: kinds, ...state, "aria-label": text, title: text, "data-at": tile.item.at});
  }

  label(tile) {
    if (tile.item.rest) return [make("span", {class: "label"}, `+${tile.item.rest.length}`)];
    const one = this.platform.packages[tile.item.at];
    const label = make("span", {class: "label"}, tile.isPart ? "itself" : name(one.name));
    const hasRoom = tile.isGroup ? tile.width > 110 : tile.width > 72 && tile.height > 34;
    return hasRoom ? [label, make("small", {}, formatBytes(tile.item.value))] : [label];
  }

  /* Say what is not to be seen. */
  describe(tiles) {
    const rest = tiles.flatMap((tile) => tile.item.rest || []);
    const area = this.byOwner
      ? "Area is the size to download; a frame holds what nothing would need without the package that it names."
      : "Area is the size to download.";
    const small = rest.length ? ` ${formatCount(rest.length, "small package")} drawn together.` : "";
    const unsized = this.platform.unsized ? ` ${formatCount(this.platform.unsized, "package")} of unknown size left out.` : "";
    return `${area}${small}${unsized} The table has every package. Arrow keys move from one to the next.`;
  }

  choose(option, isKey) {
    if (!option) return;
    const at = Number(option.dataset.at);
    this.select(at, true);
    this.onSelect(at, isKey);
  }

  /* Mark a package; it is the one that the tabulator key reaches. */
  select(at, focus) {
    this.selected = at;
    const found = this.options.find((one) => Number(one.dataset.at) === at);
    for (const one of this.options) {
      one.setAttribute("aria-selected", String(one === found));
      one.tabIndex = -1;
    }
    const reached = found || this.options[0];
    if (reached) reached.tabIndex = 0;
    if (reached && focus) reached.focus({preventScroll: true});
  }

  press(event) {
    const here = this.options.indexOf(document.activeElement);
    const steps = {ArrowRight: here + 1, ArrowDown: here + 1, ArrowLeft: here - 1, ArrowUp: here - 1, Home: 0, End: this.options.length - 1};
    if (event.altKey || event.ctrlKey || event.metaKey || here < 0) return;
    if (event.key in steps) this.choose(this.options[steps[event.key]], false);
    else if (event.key === "Enter" || event.key === " ") this.choose(this.options[here], true);
    else return;
    event.preventDefault();
  }
}
