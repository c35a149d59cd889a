// Sets the theme before the body exists, so that nothing flashes; the console calls it again when the choice changes.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    let choice = null;
    try { choice = localStorage.getItem("berth.theme"); } catch { /* storage may be switched off */ }
    const on = choice === "dark" || (choice !== "light" && dark.matches);
    document.documentElement.classList.toggle("pf-v6-theme-dark", on);
  };
  dark.addEventListener("change", apply);
  addEventListener("storage", apply);
  addEventListener("berth-theme", apply);
  apply();
})();
