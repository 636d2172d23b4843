// Sliders of ipywidgets show their label without telling it to a screen reader, and answers change unheard.
window.pmlibNames ??= (() => {
  const name = () => {
    for (const box of document.querySelectorAll('.widget-slider')) {
      const label = box.querySelector('.widget-label');
      for (const one of box.querySelectorAll('[role=slider], .widget-readout')) {
        if (label && !one.ariaLabel) one.ariaLabel = label.textContent;
        if (!one.role) one.role = 'textbox';
      }
    }
    for (const one of document.querySelectorAll('.widget-html-content:not([aria-live])')) one.ariaLive = 'polite';
  };
  const watch = new MutationObserver(name);
  watch.observe(document.body, {childList: true, subtree: true});
  name();
  return watch;
})();
