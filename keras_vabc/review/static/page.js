// What the scripts of all pages do alike: ask the server, and make elements of what it says.

export const byId = (id) => document.getElementById(id);

export function say(text) {
  byId("status").textContent = text;
}

// The answer of the server; an error with its reason where it refuses.
export async function answer(address, options) {
  const own = await fetch(address, options);
  if (own.ok) return own;
  const { detail } = await own.json().catch(() => ({}));
  throw new Error(typeof detail === "string" ? detail : `The server refused (${own.status}).`);
}

export async function ask(address, options) {
  return (await answer(address, options)).json();
}

export function element(kind, className, ...children) {
  const own = document.createElement(kind);
  own.className = className;
  own.append(...children);
  return own;
}

export function loadPicture(image, address) {
  image.onload = () => image.classList.toggle("small", image.naturalWidth < 64);
  image.src = address;
}

// A picture that is no longer blurred once it is clicked.
export function picture(address, alt) {
  const image = element("img", "");
  image.alt = alt;
  loadPicture(image, address);
  const button = element("button", "picture", image);
  button.type = "button";
  button.onclick = () => button.classList.remove("blurred");
  return button;
}

// A row of a table, each text after the name of its column; blurred likewise.
export function cells(names, texts) {
  const own = element("div", "texts", ...texts.map((text, column) =>
    element("span", "", element("b", "", names[column]), ` ${text}`)));
  own.onclick = () => own.classList.remove("blurred");
  return own;
}
