// The tabs: by click, by arrow keys, and by address, so that going back works.
import { $ } from "./shared.js";

const tabs = [...document.querySelectorAll("[role=tab]")];

function show(chosen, focus) {
  for (const tab of tabs) {
    const on = tab === chosen;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    $(tab.getAttribute("aria-controls")).hidden = !on;
  }
  if (focus) chosen.focus();
}

const byAddress = () => show(location.hash === "#files" ? tabs[1] : tabs[0], false);

tabs.forEach((tab, index) => {
  tab.addEventListener("click", () => {
    history.pushState(null, "", tab.id === "tab-files" ? "#files" : "#");
    show(tab, false);
  });
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const to = event.key === "Home" ? 0 : event.key === "End" ? tabs.length - 1 : step && index + step;
    if (to === undefined) return;
    event.preventDefault();
    const tab = tabs[(to + tabs.length) % tabs.length];
    tab.click();
    tab.focus();
  });
});
addEventListener("popstate", byAddress);
byAddress();
