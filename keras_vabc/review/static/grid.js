// A grid of any number of items, of which only those in sight are in the document.
// Items stand in pages with a line above each; `places` count from 0 in the order shown.

const HEAD = 28; // px above each page
const MOST = 12e6; // px of a scrolled element: browsers draw no more
const BEYOND = 300; // px above and below what is in sight
const PAUSE = 40; // ms without scrolling before contents are asked for

export class Grid {
  // `element` scrolls; `draw(cell, place)` fills a new or changed cell, `load(cells)` asks for
  // contents of those in sight, `title(first, end)` gives the line of a page.
  constructor(element, { page, cell, draw, load, title, header }) {
    Object.assign(this, { element, page, cell, draw, load, title });
    this.space = document.createElement("div");
    this.space.className = "space";
    this.space.setAttribute("role", "presentation");
    this.top = header ? header.offsetHeight || 32 : 0;
    if (header) element.append(header);
    element.append(this.space);
    this.cells = new Map();
    this.heads = new Map();
    this.order = new Int32Array(0);
    this.cursor = 0;
    element.addEventListener("scroll", () => this.render(), { passive: true });
    new ResizeObserver(() => this.measure()).observe(element);
  }

  show(order, cursor = 0) {
    this.order = order;
    this.cursor = Math.max(0, Math.min(cursor, order.length - 1));
    this.clear();
    this.measure();
    this.reveal(true);
  }

  clear() {
    for (const map of [this.cells, this.heads]) {
      for (const own of map.values()) own.remove();
      map.clear();
    }
  }

  measure() {
    const width = this.element.clientWidth;
    this.columns = this.cell.wide ? 1 : Math.max(1, Math.floor(width / this.cell.width));
    this.pageHeight = HEAD + Math.ceil(this.page / this.columns) * this.cell.height;
    const last = Math.max(0, this.order.length - 1);
    const height = this.order.length ? this.y(last) + this.cell.height : 0;
    const shown = Math.min(height, MOST);
    const view = this.element.clientHeight;
    this.scale = height > MOST ? (height - view) / (shown - view) : 1;
    this.space.style.height = `${shown}px`;
    this.clear();
    this.render();
  }

  y(place) {
    const page = Math.floor(place / this.page);
    const row = Math.floor((place % this.page) / this.columns);
    return page * this.pageHeight + HEAD + row * this.cell.height;
  }

  placeAt(y) {
    const page = Math.max(0, Math.floor(y / this.pageHeight));
    const rows = Math.floor((y - page * this.pageHeight - HEAD) / this.cell.height);
    const row = Math.max(0, Math.min(rows, Math.ceil(this.page / this.columns) - 1));
    return page * this.page + Math.min(row * this.columns, this.page - 1);
  }

  render() {
    const offset = this.element.scrollTop;
    const from = offset * this.scale;
    const first = this.placeAt(from - BEYOND);
    const row = this.placeAt(from + this.element.clientHeight + BEYOND);
    const end = Math.min(this.order.length, row + this.columns);
    this.keep(this.cells, (place) => place >= first && place < end);
    const pages = [Math.floor(first / this.page), Math.ceil(end / this.page)];
    this.keep(this.heads, (page) => page >= pages[0] && page < pages[1]);
    const shift = offset - from;
    for (let page = pages[0]; page < pages[1]; page++) this.head(page, shift);
    for (let place = first; place < end; place++) this.place(place, shift);
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.load([...this.cells.values()]), PAUSE);
  }

  keep(map, inside) {
    for (const [key, own] of map) {
      if (!inside(key)) {
        own.remove();
        map.delete(key);
      }
    }
  }

  head(page, shift) {
    let own = this.heads.get(page);
    if (!own) {
      own = document.createElement("div");
      own.className = "head";
      own.setAttribute("role", "presentation");
      this.heads.set(page, own);
      this.space.append(own);
    }
    const first = page * this.page;
    own.textContent = this.title(first, Math.min(first + this.page, this.order.length));
    own.style.transform = `translateY(${page * this.pageHeight + shift}px)`;
  }

  place(place, shift) {
    let own = this.cells.get(place);
    if (!own) {
      own = document.createElement("div");
      own.id = `place-${place}`;
      own.setAttribute("role", "option");
      own.place = place;
      own.number = this.order[place];
      this.cells.set(place, own);
      this.space.append(own);
      this.draw(own);
    }
    const x = ((place % this.page) % this.columns) * this.cell.width;
    own.style.transform = `translate(${x}px, ${this.y(place) + shift}px)`;
    own.classList.toggle("cursor", place === this.cursor);
    own.setAttribute("aria-selected", place === this.cursor);
  }

  // Draws again what a decision changed; nothing moves.
  redraw() {
    for (const own of this.cells.values()) this.draw(own);
    this.render();
  }

  move(place, above = false) {
    if (!this.order.length) return;
    this.cursor = Math.max(0, Math.min(place, this.order.length - 1));
    this.reveal(above);
  }

  // Scrolls so that the cursor is in sight: to the nearer edge, or to the upper one.
  reveal(above = false) {
    if (!this.order.length) return this.element.removeAttribute("aria-activedescendant");
    const y = this.y(this.cursor);
    const height = this.element.clientHeight - this.top;
    const from = this.element.scrollTop * this.scale;
    const upper = y - (this.cursor % this.page < this.columns ? HEAD : 0);
    if (above || upper < from) this.element.scrollTop = upper / this.scale;
    else if (y + this.cell.height > from + height)
      this.element.scrollTop = (y + this.cell.height - height) / this.scale;
    this.render();
    this.element.setAttribute("aria-activedescendant", `place-${this.cursor}`);
  }

  // First place and end of the page of the cursor.
  get ownPage() {
    const first = this.cursor - (this.cursor % this.page);
    return [first, Math.min(first + this.page, this.order.length)];
  }
}
