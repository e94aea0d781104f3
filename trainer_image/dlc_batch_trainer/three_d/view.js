/* Draws the poses, frame after frame, from whichever side is asked for. Nothing moves unasked. */
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const NONE = -32768;  // as view.py has it
const STEP = 0.1, LARGER = 1.15, MOST_ZOOM = 40, LEAST_ZOOM = 0.2;
const at = (id) => document.getElementById(id);
const canvas = at("view"), slider = at("frame"), follow = at("follow"), named = at("named");
const points = numbers(data.points), track = numbers(data.track), parts = data.names.length;
const shown = data.names.map(() => true), items = data.names.map(listPart);
let turn, tilt, zoom, frame = data.start, playing = null, isAsked = false;

function numbers(text) {
  const letters = atob(text), bytes = new Uint8Array(letters.length);
  for (let n = 0; n < letters.length; n++) bytes[n] = letters.charCodeAt(n);
  return new Int16Array(bytes.buffer);
}

function hue(part) {
  return 29 + (360 * part) / parts;  // from red on
}

function place(from, n) {
  return from[n] === NONE ? null : [0, 1, 2].map((axis) => data.quantum * from[n + axis]);
}

function listPart(name, part) {
  const item = document.createElement("li"), label = document.createElement("label");
  const box = document.createElement("input"), spot = document.createElement("span");
  box.type = "checkbox";
  box.checked = true;
  box.addEventListener("change", () => { shown[part] = box.checked; draw(); });
  spot.className = "spot";
  spot.style.setProperty("--hue", hue(part));
  label.append(box, spot, name);
  item.append(label);
  at("parts").append(item);
  return item;
}

/* Where a point is seen: to the right, up, and away from the eye, in the unit of the points. */
function seen([x, y, z]) {
  const right = Math.cos(turn) * x - Math.sin(turn) * y, away = Math.sin(turn) * x + Math.cos(turn) * y;
  return [right, Math.cos(tilt) * z + Math.sin(tilt) * away, Math.cos(tilt) * away - Math.sin(tilt) * z];
}

function draw() {
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(() => { isAsked = false; drawNow(); });
}

function drawNow() {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const [across, upwards] = follow.checked ? [1.3 * data.size, 1.3 * data.size] : data.extents;
  const scale = zoom * 0.44 * Math.min(width / across, height / upwards);
  const middle = follow.checked ? seen(place(track, 3 * frame)) : [0, 0, 0];
  const onto = (point) => {
    const [right, up, away] = seen(point);
    return [width / 2 + scale * (right - middle[0]), height / 2 - scale * (up - middle[1]), away];
  };
  const line = (one, other) => {
    pen.beginPath();
    pen.moveTo(one[0], one[1]);
    pen.lineTo(other[0], other[1]);
    pen.stroke();
  };
  pen.scale(ratio, ratio);
  pen.font = `${getComputedStyle(document.body).fontSize} ${getComputedStyle(document.body).fontFamily}`;
  pen.lineWidth = 1;
  pen.strokeStyle = colour("--grid");
  for (const [one, other] of data.ground) line(onto(one), onto(other));
  const there = data.names.map((_, part) => place(points, 3 * (frame * parts + part)));
  const places = there.map((each, part) => each && shown[part] && onto(each));
  pen.lineWidth = 2.5;
  pen.strokeStyle = colour("--bone");
  for (const [one, other] of data.bones) if (places[one] && places[other]) line(places[one], places[other]);
  const farthestFirst = (one, other) => places[other][2] - places[one][2];
  for (const part of data.names.map((_, n) => n).filter((n) => places[n]).sort(farthestFirst)) {
    const [x, y] = places[part];
    pen.beginPath();
    pen.arc(x, y, 6, 0, 2 * Math.PI);
    pen.fillStyle = `oklch(${colour("--light")} 0.17 ${hue(part)})`;
    pen.fill();
  }
  if (named.checked) writeNames();
  drawScale();
  drawAxes();
  tell(there);

  function write(text, x, y, align = "left") {
    pen.textAlign = align;
    pen.lineWidth = 4;
    pen.lineJoin = "round";
    pen.strokeStyle = colour("--page");
    pen.strokeText(text, x, y);
    pen.fillStyle = colour("--ink");
    pen.fillText(text, x, y);
  }

  /* The nearest first; each where it hides no point and no name, or else nowhere. */
  function writeNames() {
    const taken = places.filter((each) => each).map(([x, y]) => [x - 6, y - 6, x + 6, y + 6]);
    const isFree = ([left, top, right, bottom]) => left > 0 && right < width && !taken.some(
      (each) => left < each[2] && each[0] < right && top < each[3] && each[1] < bottom);
    const nearestFirst = data.names.map((_, n) => n).filter((n) => places[n]).sort((a, b) => -farthestFirst(a, b));
    for (const part of nearestFirst) {
      const [x, y] = places[part], wide = pen.measureText(data.names[part]).width;
      const corners = [[x + 9, y - 8], [x - 9 - wide, y - 8], [x - wide / 2, y - 24], [x - wide / 2, y + 9]];
      const corner = corners.find(([left, top]) => isFree([left, top, left + wide, top + 16]));
      if (!corner) continue;
      taken.push([corner[0], corner[1], corner[0] + wide, corner[1] + 16]);
      write(data.names[part], corner[0], corner[1] + 13);
    }
  }

  /* Seen without perspective, a length across the view is the same everywhere. */
  function drawScale() {
    const length = roundLength(Math.min(150, width / 4) / scale), x = 16, y = height - 16;
    pen.lineWidth = 2;
    pen.strokeStyle = colour("--ink");
    line([x, y], [x + scale * length, y]);
    for (const end of [x, x + scale * length]) line([end, y - 5], [end, y + 5]);
    write(`${Number(length.toPrecision(1))} ${data.unit}`, x, y - 10);
  }

  function drawAxes() {
    const reach = 24, x = width - 44, y = height - 44;
    data.axes.forEach((axis, n) => {
      const [right, up] = seen(axis);
      pen.lineWidth = 1.5;
      pen.strokeStyle = colour("--ink");
      line([x, y], [x + reach * right, y - reach * up]);
      if (Math.hypot(right, up) > 0.25) write("xyz"[n], x + 1.45 * reach * right, y - 1.45 * reach * up + 5, "center");
    });
  }
}

/* The greatest of 1, 2, 5, 10, 20 and so on, and of their tenths, that is not more. */
function roundLength(most) {
  const decade = 10 ** Math.floor(Math.log10(most));
  return decade * [5, 2, 1].find((each) => each * decade <= most * (1 + 1e-9));
}

function tell(there) {
  const number = data.first + frame * data.every, seconds = (number / data.rate).toFixed(2);
  const count = there.filter((each) => each).length;
  const words = `Frame ${number}, ${seconds} s: ${count} of ${parts} body parts in space`;
  at("where").textContent = words;
  slider.setAttribute("aria-valuetext", words);
  items.forEach((item, part) => item.classList.toggle("gone", !there[part]));
}

function go(to) {
  frame = ((to % data.count) + data.count) % data.count;
  slider.value = frame;
  draw();
}

function pause() {
  playing = null;
  at("play").textContent = "Play";
}

function toggle() {
  if (playing) { pause(); return; }
  at("play").textContent = "Pause";
  anchor();
  requestAnimationFrame(tick);
}

/* What is played is counted from here and now. */
function anchor() {
  playing = { frame, since: performance.now() };
}

function tick(now) {
  if (!playing) return;
  const seconds = Math.max(0, now - playing.since) / 1000;
  const gone = Math.floor((seconds * at("speed").value * data.rate) / data.every);
  const to = (playing.frame + gone) % data.count;
  if (to !== frame) go(to);
  requestAnimationFrame(tick);
}

function step(by) {
  pause();
  go(frame + by);
}

function look(across, upwards) {
  turn += across;
  tilt = Math.max(-Math.PI / 2, Math.min(Math.PI / 2, tilt + upwards));
  draw();
}

function enlarge(by) {
  zoom = Math.max(LEAST_ZOOM, Math.min(MOST_ZOOM, zoom * by));
  draw();
}

function reset() {
  [turn, tilt, zoom] = [data.turn, data.tilt, 1];
  follow.checked = data.follows;
  draw();
}

const DOINGS = {
  left: () => look(-STEP, 0), right: () => look(STEP, 0), up: () => look(0, STEP), down: () => look(0, -STEP),
  nearer: () => enlarge(LARGER), farther: () => enlarge(1 / LARGER), reset,
  play: toggle, back: () => step(-1), on: () => step(1),
};
const KEYS = {
  ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down", "+": "nearer", "=": "nearer",
  "-": "farther", "0": "reset", Home: "reset", " ": "play", ",": "back", ".": "on",
};
for (const [id, act] of Object.entries(DOINGS)) at(id).addEventListener("click", act);
canvas.addEventListener("keydown", (event) => {
  if (!(event.key in KEYS) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  DOINGS[KEYS[event.key]]();
});
const held = new Map();  // where the mouse is down, or each finger
const span = ([one, other]) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  held.set(event.pointerId, event);
});
canvas.addEventListener("pointermove", (event) => {
  if (!event.buttons) held.delete(event.pointerId);  // it was let go where no event told of it
  const before = held.get(event.pointerId);
  if (!before) return;
  const were = [...held.values()];
  held.set(event.pointerId, event);
  if (were.length === 2 && span(were)) enlarge(span([...held.values()]) / span(were));
  if (were.length === 1) look((event.clientX - before.clientX) / 120, (event.clientY - before.clientY) / 120);
});
canvas.addEventListener("lostpointercapture", (event) => held.delete(event.pointerId));
canvas.addEventListener("wheel", (event) => {
  if (document.activeElement !== canvas) return;  // else whoever scrolls the page is caught in it
  event.preventDefault();
  enlarge(Math.exp(-event.deltaY / 600));
}, { passive: false });
slider.addEventListener("input", () => {
  go(Number(slider.value));
  if (playing) anchor();
});
at("speed").addEventListener("change", () => { if (playing) anchor(); });
for (const box of [follow, named]) box.addEventListener("change", draw);
new ResizeObserver(draw).observe(canvas);
for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", drawNow);
window.addEventListener("beforeprint", drawNow);
named.checked = parts <= 12;  // more hide one another
reset();
drawNow();
