// Enlarges all pictures of a sample together, so that the same place is seen in each. Runs in the
// reader's browser.
(() => {
  const LARGEST = 16;

  for (const sample of document.querySelectorAll(".sample")) {
    const bar = sample.querySelector(".zoom"), frames = [...sample.querySelectorAll(".zoomed")];
    if (bar === null || frames.length === 0) continue;
    // The left upper corner of what is seen, as shares of the picture.
    let scale = 1, x = 0, y = 0;

    const show = () => {
      const most = 1 - 1 / scale;
      x = Math.min(Math.max(x, 0), most);
      y = Math.min(Math.max(y, 0), most);
      const percent = (share) => `${(-100 * share * scale).toFixed(3)}%`;
      for (const frame of frames) {
        frame.classList.toggle("large", scale > 1);
        frame.firstElementChild.style.transform = `translate(${percent(x)}, ${
          percent(y)
        }) scale(${scale})`;
      }
    };
    /** Another scale, with the place at these shares of the frame kept where it is. */
    const rescale = (wanted, atX = 0.5, atY = 0.5) => {
      const next = Math.min(Math.max(wanted, 1), LARGEST);
      x += atX / scale - atX / next;
      y += atY / scale - atY / next;
      scale = next;
      show();
    };
    const move = (dx, dy) => {
      x += dx / scale;
      y += dy / scale;
      show();
    };

    const actions = {
      "in": () => rescale(scale * 2),
      "out": () => rescale(scale / 2),
      "whole": () => rescale(1),
    };
    const keys = {
      "+": actions.in,
      "=": actions.in,
      "-": actions.out,
      "0": actions.whole,
      "ArrowLeft": () => move(-0.2, 0),
      "ArrowRight": () => move(0.2, 0),
      "ArrowUp": () => move(0, -0.2),
      "ArrowDown": () => move(0, 0.2),
    };
    bar.addEventListener("click", ({ target }) => actions[target.dataset.zoom]?.());
    bar.addEventListener("keydown", (event) => {
      const action = keys[event.key];
      if (action === undefined) return;
      event.preventDefault();
      action();
    });

    for (const frame of frames) {
      let held = null;
      frame.addEventListener("dblclick", (event) => {
        const box = frame.getBoundingClientRect();
        rescale(
          scale * 2,
          (event.clientX - box.left) / box.width,
          (event.clientY - box.top) / box.height,
        );
      });
      frame.addEventListener("pointerdown", (event) => {
        if (scale === 1) return;
        held = event;
        frame.setPointerCapture(event.pointerId);
      });
      frame.addEventListener("pointermove", (event) => {
        if (held === null) return;
        const { width, height } = frame.getBoundingClientRect();
        move((held.clientX - event.clientX) / width, (held.clientY - event.clientY) / height);
        held = event;
      });
      for (const end of ["pointerup", "pointercancel"]) {
        frame.addEventListener(end, () => held = null);
      }
      frame.addEventListener("dragstart", (event) => event.preventDefault());
    }
  }
})();
