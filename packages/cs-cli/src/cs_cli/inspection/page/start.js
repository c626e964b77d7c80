/* One platform is shown at a time; the address names the package that is selected: #PLATFORM/KEY. */

const platforms = report.platforms.map(complete);
const table = new Table(find("#packages"));
const treemap = new Treemap(find("#treemap"), find("#treemap-note"), (at, isKey) => {
  history.replaceState(null, "", addressOf(shown, shown.packages[at]));
  showDetails(shown, at);
  if (isKey) find("#details-title").focus();
});
let shown = null;

function selectPlatform(platform) {
  if (platform === shown) return;
  shown = platform;
  find("#platform").value = platform.name;
  treemap.selected = undefined;
  find("#details-title").replaceChildren("No package selected");
  find("#details .content").replaceChildren(make("p", {}, "Select a package to see why it ships."));
  showMap();
  showLegend(platform);
  table.show(platform);
  showExclusions(platform);
  showLicenses(platform);
}

function showMap() {
  treemap.show(shown, find("[name=grouping]:checked").value === "owner");
}

/* Follow the address: links to packages and addresses that somebody passed on. */
function followAddress() {
  const [where, key] = location.hash.slice(1).split("/").map(decode);
  const platform = platforms.find((one) => one.name === where);
  if (!platform || !platform.places.has(key)) return;
  selectPlatform(platform);
  const at = platform.places.get(key);
  treemap.select(at, false);
  showDetails(platform, at);
  find("#details-title").focus();
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

showFacts();
showProblems();
showNavigation();
showPlatforms(selectPlatform);
find("#platform").addEventListener("change", (event) => selectPlatform(platforms[event.target.selectedIndex]));
for (const one of document.querySelectorAll("[name=grouping]")) one.addEventListener("change", showMap);
if (platforms.length) selectPlatform(platforms[0]);
window.addEventListener("hashchange", followAddress);
followAddress();
