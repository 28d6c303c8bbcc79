"use strict";
(() => {
  const one = (what, where = document) => where.querySelector(what);
  const all = (what, where = document) => [...where.querySelectorAll(what)];
  const cards = all(".card"), rows = all(".row"), root = document.documentElement;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const kept = {
    get(name) { try { return localStorage.getItem("gallery." + name); } catch { return null; } },
    set(name, value) { try { localStorage.setItem("gallery." + name, value); } catch { /* not allowed here */ } },
  };

  // Clips: by their address, or out of the page. Decoders are few, so those not looked at are let go.
  const inside = new Map(), held = [];
  const MOST_VIDEOS = 24, MOST_IDLE = 6;
  let sound = false;

  function address(card) {
    const name = card.dataset.clip;
    if (!name.startsWith("#")) return name;
    if (!inside.has(name)) {
      const text = atob(document.getElementById(name.slice(1)).textContent);
      const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
      inside.set(name, URL.createObjectURL(new Blob([bytes], { type: "video/mp4" })));
    }
    return inside.get(name);
  }

  function fresh(card) {
    const video = document.createElement("video");
    Object.assign(video, { muted: !sound, playsInline: true, preload: "auto", src: address(card) });
    video.tabIndex = -1;
    return video;
  }

  function videoOf(card) {
    let video = one("video", card);
    if (!video) {
      video = fresh(card);
      video.addEventListener("timeupdate", () => {
        if (!card.classList.contains("leafing")) bar(card, video.currentTime / (video.duration || 1));
      });
      video.addEventListener("playing", () => card.classList.add("live"));
      one(".frame", card).append(video);
      held.push(card);
      while (held.length > MOST_VIDEOS) release(held.find((other) => !busy(other)) || held[0]);
    }
    return video;
  }

  const busy = (card) => { const video = one("video", card); return video && !video.paused; };

  function release(card) {
    held.splice(held.indexOf(card), 1);
    const video = one("video", card);
    video.pause();
    video.removeAttribute("src");
    video.load();
    video.remove();
    card.classList.remove("live");
  }

  const bar = (card, part) => { one(".scrub i", card).style.width = `${100 * part}%`; };
  const attempt = (video) => video.play().catch((error) => { if (error.name !== "AbortError") throw error; });

  function start(card) {
    if (!card.dataset.clip) return;
    const video = videoOf(card);
    video.loop = true;
    video.playbackRate = 1;
    attempt(video);
  }

  function stop(card) {
    const video = one("video", card);
    if (!video || together.has(card)) return;
    video.pause();
    video.currentTime = 0;
    card.classList.remove("live");
    bar(card, 0);
    const idle = held.filter((other) => !busy(other) && !together.has(other));
    for (const other of idle.slice(0, -MOST_IDLE)) release(other);
  }

  // Several clips in step: the longest leads, the others hurry or wait a little, or leap.
  class Together {
    constructor(videos) {
      this.videos = videos;
      for (const video of videos) video.loop = false;
      this.playing = false;
      this.ended = null;
    }
    get length() { return Math.max(...this.videos.map((video) => video.duration || 0), 0.001); }
    get lead() { return this.videos.reduce((a, b) => ((b.duration || 0) > (a.duration || 0) ? b : a)); }
    async ready() {
      const waits = this.videos.map((video) => video.readyState >= 3 || new Promise((done) => {
        for (const told of ["canplay", "error"]) video.addEventListener(told, done, { once: true });
      }));
      await Promise.all(waits);
    }
    async play(time = 0) {
      this.playing = true;
      await this.ready();
      if (!this.playing) return;
      this.seek(time);
      await Promise.all(this.videos.map(attempt));
      this.tick();
    }
    seek(time) { for (const video of this.videos) video.currentTime = Math.min(time, video.duration || 0); }
    pause() {
      this.playing = false;
      for (const video of this.videos) { video.pause(); video.playbackRate = 1; }
    }
    tick() {
      if (!this.playing) return;
      const lead = this.lead;
      if (lead.ended) {
        this.seek(0);
        for (const video of this.videos) attempt(video);
      }
      for (const video of this.videos) if (video !== lead) this.keep(video, lead.currentTime);
      this.told?.(lead.currentTime, this.length);
      requestAnimationFrame(() => this.tick());
    }
    keep(video, time) {
      if (video.ended || video.seeking || time >= video.duration - 0.05) return;
      const ahead = video.currentTime - time;
      if (Math.abs(ahead) > 0.25) video.currentTime = time;
      video.playbackRate = Math.abs(ahead) > 0.02 ? Math.min(1.1, Math.max(0.9, 1 - ahead)) : 1;
    }
  }

  const together = new Map();
  const seen = (card) => {
    const box = card.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  };
  const shown = (row) => all(".card", row).filter((card) => !card.hidden && card.dataset.clip);

  function playRow(row) {
    const button = one(".play", row);
    if (!button) return shown(row).forEach((card) => (busy(card) ? one("video", card).pause() : start(card)));
    const was = button.getAttribute("aria-pressed") === "true";
    for (const other of rows) stopRow(other);
    if (was) return;
    button.setAttribute("aria-pressed", "true");
    button.textContent = "Stop";
    const some = (shown(row).some(seen) ? shown(row).filter(seen) : shown(row)).slice(0, MOST_VIDEOS);
    const group = new Together(some.map(videoOf));
    for (const card of some) together.set(card, group);
    row.group = group;
    group.play();
  }

  function stopRow(row) {
    if (!row.group) return;
    row.group.pause();
    row.group = null;
    one(".play", row).setAttribute("aria-pressed", "false");
    one(".play", row).textContent = "Play together";
    for (const card of all(".card", row)) if (together.delete(card)) stop(card);
  }

  // The pointer and the focus play; the lower edge leafs through the strip.
  for (const card of cards) {
    const frame = one(".frame", card), scrub = one(".scrub", card);
    let soon = 0;
    const near = () => { soon = setTimeout(() => { if (!together.has(card) && !still) start(card); }, 80); };
    const far = () => { clearTimeout(soon); stop(card); };
    one(".window", card).addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") near(); });
    one(".window", card).addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") far(); });
    frame.addEventListener("focus", () => { if (frame.matches(":focus-visible")) near(); });
    frame.addEventListener("blur", far);
    frame.addEventListener("click", () => open(card));
    if (scrub) leafing(card, scrub);
  }

  function leafing(card, scrub) {
    let leaf = null, part = 0;
    scrub.addEventListener("pointermove", (event) => {
      const box = scrub.getBoundingClientRect(), frames = Number(card.dataset.frames);
      part = Math.min(0.999, Math.max(0, (event.clientX - box.left) / box.width));
      bar(card, part);
      if (!card.dataset.strip || frames < 2) return;
      if (!leaf) {
        leaf = document.createElement("span");
        leaf.className = "leaf";
        leaf.style.backgroundImage = `url("${encodeURI(decodeURI(card.dataset.strip))}")`;
        leaf.style.backgroundSize = `${100 * frames}% 100%`;
        one(".frame", card).append(leaf);
      }
      leaf.style.backgroundPosition = `${(100 * Math.floor(part * frames)) / (frames - 1)}% 0`;
      card.classList.add("leafing");
    });
    scrub.addEventListener("pointerleave", () => card.classList.remove("leafing"));
    scrub.addEventListener("click", () => {
      const video = videoOf(card);
      video.currentTime = part * (video.duration || 0);
      card.classList.remove("leafing");
      if (!together.has(card)) start(card);
    });
  }

  for (const row of rows) {
    one(".play", row)?.addEventListener("click", () => playRow(row));
    one(".compare", row)?.addEventListener("click", () => compare(row));
    for (const tag of all("header .tag", row)) tag.addEventListener("click", () => choose("tag", tag.dataset.tag));
  }
  if ("IntersectionObserver" in window) {
    const watch = new IntersectionObserver((entries) => {
      for (const entry of entries) if (!entry.isIntersecting) stopRow(entry.target);
    });
    for (const row of rows) watch.observe(row);
  }

  // Everything about one shot.
  const sheet = one("#sheet");
  let opened = null;
  function open(card) {
    opened = card;
    for (const other of cards) stop(other);
    const stage = one(".stage", sheet), poster = one(".frame img", card);
    stage.replaceChildren();
    if (card.dataset.clip) {
      const video = fresh(card);
      Object.assign(video, { controls: true, loop: true, poster: poster ? poster.src : "" });
      video.tabIndex = 0;
      stage.append(video);
      if (!still) attempt(video);
    } else stage.append((poster || one(".none", card)).cloneNode(true));
    one(".sheet", sheet).replaceChildren(one("template", card).content.cloneNode(true));
    sheet.setAttribute("aria-label", card.getAttribute("aria-label"));
    if (!sheet.open) sheet.showModal();
    one(".sheet", sheet).scrollTop = 0;
    one("output", sheet).textContent = place(card);
    // A player with the focus takes the arrows for itself; what had it before may be gone.
    const at = document.activeElement;
    if (!sheet.contains(at) || at.matches("video")) one(".sheet", sheet).focus();
  }
  const listed = () => cards.filter((card) => !card.hidden);
  function place(card) {
    const some = listed();
    return some.includes(card) ? `${some.indexOf(card) + 1} of ${some.length}` : "";
  }
  function step(by) {
    const some = listed();
    open(some[(some.indexOf(opened) + by + some.length) % some.length]);
  }
  for (const button of all("[data-step]", sheet)) button.addEventListener("click", () => step(Number(button.dataset.step)));
  sheet.addEventListener("close", () => {
    one(".stage", sheet).replaceChildren();
    one(".frame", opened).focus({ preventScroll: false });
  });
  sheet.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#shot.']");
    if (link) { event.preventDefault(); open(document.getElementById(decodeURIComponent(link.hash.slice(1)))); }
  });

  // A row on the whole screen, in step.
  const side = one("#side"), slider = one("input", side);
  let group = null;
  function compare(row) {
    for (const other of rows) stopRow(other);
    const some = shown(row).slice(0, 12), screens = one(".screens", side);
    const box = one(".window", some[0]).getBoundingClientRect();
    // Like stays beside like, as in the row, where all of it is there.
    const columns = Number(one(".matrix:not(.loose)", row)?.dataset.columns || 0);
    const placed = columns > 1 && columns < 7;
    side.classList.toggle("is-tall", box.height > box.width);
    screens.style.setProperty("--across", placed ? columns : across(some.length, box.width / box.height || 1.78));
    const videos = some.map((card) => {
      const figure = document.createElement("figure"), words = document.createElement("figcaption");
      const name = document.createElement("b"), video = fresh(card);
      name.textContent = one(".label", card)?.textContent || card.getAttribute("aria-label");
      const prompt = one(".below .prompt", card).cloneNode(true);
      prompt.tabIndex = 0;
      words.append(name, prompt);
      figure.append(video, words);
      if (placed) figure.style.gridArea = `${2 * card.style.getPropertyValue("--line") - 1} / ${card.style.getPropertyValue("--column")} / span 2`;
      return [figure, video];
    });
    screens.replaceChildren(...videos.map(([figure]) => figure));
    group = new Together(videos.map(([, video]) => video));
    group.told = (time, length) => {
      slider.value = (1000 * time) / length;
      one("output", side).textContent = `${time.toFixed(1)} s`;
    };
    one("[data-toggle]", side).textContent = "Pause";
    side.showModal();
    one("[data-toggle]", side).focus();
    group.play();
  }
  const across = (count, ratio) => {
    let best = 1, most = 0;
    for (let columns = 1; columns <= count; columns++) {
      const wide = innerWidth / columns, high = (innerHeight - 60) / Math.ceil(count / columns) - 70;
      const area = Math.min(wide, high * ratio);
      if (area > most) [best, most] = [columns, area];
    }
    return best;
  };
  function toggle() {
    if (group.playing) group.pause(); else group.play(group.lead.currentTime);
    one("[data-toggle]", side).textContent = group.playing ? "Pause" : "Play";
  }
  one("[data-toggle]", side).addEventListener("click", toggle);
  slider.addEventListener("input", () => group.seek((slider.value / 1000) * group.length));
  side.addEventListener("close", () => { group.pause(); one(".screens", side).replaceChildren(); });
  for (const button of all("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
  for (const dialog of all("dialog")) dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  // Which shots are shown.
  const search = one("#search"), selects = all("select[data-by]"), texts = new Map();
  // Job ids and digests count from their beginning: any short word is somewhere in some digest.
  const textOf = (card) => {
    if (!texts.has(card)) {
      const story = one("template", card).content.cloneNode(true);
      const codes = all("code", story).map((code) => { code.remove(); return ` ${code.textContent}`; });
      const words = `${card.getAttribute("aria-label")} ${one(".below", card).textContent} ${story.textContent}`;
      texts.set(card, [words.toLowerCase().replace(/\s+/g, " "), codes.join("").toLowerCase()]);
    }
    return texts.get(card);
  };
  const has = (card, word) => {
    const [words, codes] = textOf(card);
    return words.includes(word) || codes.includes(` ${word}`);
  };
  function filter() {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const set = selects.filter((select) => select.value);
    let count = 0;
    for (const card of cards) {
      const fits = set.every((select) => card.dataset[select.dataset.by].split("\n").includes(select.value));
      card.hidden = !(fits && (!wanted.length || wanted.every((word) => has(card, word))));
      count += !card.hidden;
    }
    for (const row of rows) {
      const some = all(".card", row);
      row.hidden = some.every((card) => card.hidden);
      one(".matrix", row)?.classList.toggle("loose", some.some((card) => card.hidden));
      if (row.hidden) stopRow(row);
    }
    for (const select of selects) select.classList.toggle("set", Boolean(select.value));
    one("#count").textContent = count === cards.length ? `${count} shots` : `${count} of ${cards.length} shots`;
    one("main .nothing").hidden = count > 0;
  }
  function choose(by, value) {
    const select = selects.find((each) => each.dataset.by === by);
    if (!select) return;
    select.value = select.value === value ? "" : value;
    filter();
  }
  function clear() {
    search.value = "";
    for (const select of selects) select.value = "";
    filter();
  }
  search.addEventListener("input", filter);
  for (const select of selects) select.addEventListener("change", filter);
  one("#clear").addEventListener("click", clear);

  // How it looks.
  const themes = ["auto", "light", "dark"], size = one("#size"), words = one("#words");
  function theme(name) {
    if (name === "auto") delete root.dataset.theme; else root.dataset.theme = name;
    one("#theme").textContent = `Theme: ${name}`;
    kept.set("theme", name);
  }
  const nextTheme = () => theme(themes[(themes.indexOf(root.dataset.theme || "auto") + 1) % themes.length]);
  function sized(value) {
    size.value = value;
    root.style.setProperty("--size", `${size.value}px`);
    kept.set("size", size.value);
  }
  function wordy(whole) {
    document.body.classList.toggle("all-words", whole);
    words.setAttribute("aria-pressed", String(whole));
  }
  one("#theme").addEventListener("click", nextTheme);
  size.addEventListener("input", () => sized(size.value));
  words.addEventListener("click", () => wordy(words.getAttribute("aria-pressed") !== "true"));
  one("#help").addEventListener("click", () => one("#keys").showModal());
  if (themes.includes(kept.get("theme"))) theme(kept.get("theme"));
  if (Number(kept.get("size"))) sized(kept.get("size"));

  // Keys.
  const current = () => document.activeElement?.closest?.(".card") || cards.find((card) => card.matches(":hover"));
  function move(across, down) {
    const some = listed(), from = current();
    if (!some.length) return;
    if (!from) return focus(some[0]);
    if (across) return focus(some[some.indexOf(from) + across] || from);
    const middle = (box) => box.left + box.width / 2, at = (card) => one(".window", card).getBoundingClientRect();
    const here = at(from);
    let best = null, least = Infinity;
    for (const card of some) {
      const box = at(card), away = (box.top - here.top) * down;
      const far = away * 3 + Math.abs(middle(box) - middle(here));
      if (away > 8 && far < least) [best, least] = [card, far];
    }
    if (best) focus(best);
  }
  function focus(card) {
    one(".frame", card).focus({ focusVisible: true });
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  function playOne(card) {
    if (!card?.dataset.clip) return;
    if (busy(card)) one("video", card).pause(); else start(card);
  }
  function pause(video) {
    if (video?.paused) attempt(video); else video?.pause();
  }
  function loud() {
    sound = !sound;
    for (const video of all("video")) video.muted = !sound;
  }
  const keys = {
    ArrowLeft: () => move(-1, 0), ArrowRight: () => move(1, 0), ArrowUp: () => move(0, -1), ArrowDown: () => move(0, 1),
    " ": () => playOne(current()), p: () => current() && playRow(current().closest(".row")),
    c: () => current() && one(".compare", current().closest(".row")) && compare(current().closest(".row")),
    m: loud, w: () => words.click(), t: nextTheme, "+": () => sized(Number(size.value) + 40), "-": () => sized(Number(size.value) - 40),
    "/": () => search.focus(), "?": () => one("#keys").showModal(), Escape: clear,
  };
  const inSheet = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), " ": () => pause(one("video", sheet)), m: loud };
  const inSide = { " ": toggle, m: loud };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const sliding = event.target.matches("input[type=range]") && !event.key.startsWith("Arrow");
    const typing = event.target.matches("input, select, textarea, video[controls]") && !sliding;
    if (typing && event.key === "Escape" && event.target === search) { clear(); return search.blur(); }
    const act = (sheet.open ? inSheet : side.open ? inSide : one("#keys").open ? {} : keys)[event.key];
    const pressing = event.key === " " && event.target.closest("button:not(.frame), summary");
    if (!act || typing || pressing) return;
    event.preventDefault();
    act();
  });
  // A button would also be pressed when the space bar is let go.
  document.addEventListener("keyup", (event) => { if (event.key === " " && event.target.matches(".frame")) event.preventDefault(); });
  addEventListener("hashchange", arrive);
  function arrive() {
    const card = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!card?.matches(".card")) return;
    if (card.hidden) clear();
    card.scrollIntoView({ block: "center" });
    card.classList.remove("found");
    requestAnimationFrame(() => card.classList.add("found"));
  }
  filter();
  arrive();
})();
