/* Elements are made of text and attributes, never of markup: names and licences are what somebody else wrote. */

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function find(selector) {
  return document.querySelector(selector);
}

/* A name that somebody else wrote: its direction of writing does not change that of what is around it. */
function name(text) {
  return make("bdi", {}, text);
}

/* Join names with commas. */
function join(names) {
  return names.flatMap((one, at) => (at ? [", ", name(one)] : [name(one)]));
}

/* A link that selects a package. */
function linkTo(platform, at) {
  const one = platform.packages[at];
  return make("a", {href: addressOf(platform, one)}, name(one.name));
}

function addressOf(platform, one) {
  return `#${encodeURIComponent(platform.name)}/${encodeURIComponent(one.key)}`;
}

/* A long list, folded. */
function fold(summary, ...children) {
  return make("details", {}, make("summary", {}, summary), ...children);
}

/* Define terms; those without a value are left out. */
function define(list, rows) {
  for (const [term, value] of rows) if (value) list.append(make("dt", {}, term), make("dd", {}, ...[value].flat()));
}
