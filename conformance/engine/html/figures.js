/* Drawings of one case: sequence diagram, plot of sizes, hexdump. All of them
 * take texts as texts: nothing is ever parsed as markup. */
const figures = (() => {
	"use strict";
	const SVG = "http://www.w3.org/2000/svg";
	const CHAR = 6.65, FONT = 11;
	const MOST_LINES = 80;

	function add(node, children) {
		for (const c of children.flat(Infinity))
			if (c !== null && c !== undefined && c !== false)
				node.append(c);
		return node;
	}

	function set(node, attrs) {
		for (const [k, v] of Object.entries(attrs || {})) {
			if (v === null || v === undefined || v === false)
				continue;
			if (k.startsWith("on"))
				node.addEventListener(k.slice(2), v);
			else
				node.setAttribute(k, v === true ? "" : v);
		}
		return node;
	}

	function el(tag, attrs, ...children) {
		return add(set(document.createElement(tag), attrs), children);
	}

	function svg(tag, attrs, ...children) {
		return add(set(document.createElementNS(SVG, tag), attrs), children);
	}

	function label(x, y, text, cls, anchor) {
		return svg("text", { x, y, class: cls, "text-anchor": anchor,
			"font-size": FONT }, text);
	}

	/* "→ [64] auth (34+30) · Settings (76)" and lines of other kinds. */
	function parseLine(line) {
		const m = /^([→←]) \[([^\]]*)\] ?(.*)$/.exec(line.text);
		const marked = /← here\s*$/.test(line.text);
		let rest;

		if (m === null)
			return { ms: line.ms, event: line.text, marked };
		rest = m[3].replace(/\s*← here\s*$/, "");
		return { ms: line.ms, told: m[1] === "→", size: m[2], marked,
			frames: rest === "" ? [] : rest.split(" · ") };
	}

	function cut(text, width) {
		const most = Math.max(4, Math.floor(width / CHAR));

		return text.length <= most ? text : text.slice(0, most - 1) + "…";
	}

	function wrap(text, width) {
		const most = Math.max(8, Math.floor(width / CHAR));
		const lines = [];
		let line = "";

		for (let word of text.split(" ")) {
			while (word.length > most) {
				if (line !== "")
					lines.push(line);
				line = "";
				lines.push(word.slice(0, most));
				word = word.slice(most);
			}
			if (line !== "" && line.length + 1 + word.length > most) {
				lines.push(line);
				line = word;
			} else {
				line = line === "" ? word : line + " " + word;
			}
		}
		lines.push(line);
		return lines;
	}

	/* Boxes of the frames of a record, in lines of at most WIDTH; the first
	 * begins behind FROM. */
	function layFrames(frames, from, width) {
		const out = [];
		let x = from, row = 0;

		for (const full of frames) {
			const text = cut(full, width - 12);
			const w = text.length * CHAR + 12;

			if (x !== 0 && x + w > width) {
				row++;
				x = 0;
			}
			out.push({ text, full, x, w, row });
			x += w + 4;
		}
		return out;
	}

	/* The outer box is a record, the inner ones are its frames. */
	function drawRecord(step, y, g) {
		const width = g.right - g.left - 24;
		const size = step.size + " B";
		const from = size.length * CHAR + 10;
		const frames = layFrames(step.frames, from, width - 12);
		const w = Math.min(width, 12 + Math.max(from, ...frames.map(f => f.x + f.w)));
		const h = 26 + 22 * Math.max(0, ...frames.map(f => f.row));
		const x = step.told ? g.left + 12 : g.right - 12 - w;
		const from_x = step.told ? g.left : g.right;
		const tip = step.told ? g.right : g.left;
		const back = step.told ? -8 : 8;
		const ay = y + h + 6;
		const node = svg("g", { class: (step.told ? "told" : "came") +
			(step.marked ? " here" : "") });

		add(node, [
			label(4, y + 17, "+" + step.ms.toFixed(1), "dim"),
			svg("rect", { class: "rec " + (step.told ? "told" : "came"),
				x, y, width: w, height: h, rx: 4 }),
			label(x + 7, y + 17, size, "dim"),
			frames.map(f => svg("g", {},
				svg("title", {}, f.full),
				svg("rect", { class: "frame", x: x + 6 + f.x,
					y: y + 4 + f.row * 22, width: f.w,
					height: 18, rx: 3 }),
				label(x + 12 + f.x, y + 17 + f.row * 22, f.text))),
			svg("line", { class: "arrow", x1: from_x, y1: ay, x2: tip, y2: ay }),
			svg("path", { class: "arrow", d: `M${tip} ${ay}l${back} -4v8z` })
		]);
		return { node, height: h + 15 };
	}

	function drawEvent(step, y, g) {
		const lines = wrap(step.event, g.width - g.left - 16);
		const node = svg("g", { class: step.marked ? "here" : null },
			label(4, y + 12, "+" + step.ms.toFixed(1), "dim"),
			lines.map((l, i) => label(g.left + 8, y + 12 + 15 * i, l,
				"event")));

		return { node, height: 15 * lines.length + 7 };
	}

	function sequence(test, ends, width, all) {
		const steps = test.transcript.map(parseLine);
		const shown = all ? steps : steps.slice(-MOST_LINES);
		const g = { width, left: 62, right: width - 14 };
		const parts = [];
		let y = 34;

		for (const step of shown) {
			const d = step.event !== undefined ? drawEvent(step, y, g)
				: drawRecord(step, y, g);

			parts.push(d.node);
			y += d.height;
		}
		return svg("svg", { width, height: y + 6, role: "img",
			viewBox: `0 0 ${width} ${y + 6}`,
			"aria-label": "Sequence diagram: " + shown.length +
				" steps; the same as text below" },
		label(4, 13, "ms", "dim"),
		label(g.left - 6, 13, ends[0]),
		label(g.right + 6, 13, ends[1], null, "end"),
		svg("line", { class: "life", x1: g.left, y1: 20, x2: g.left, y2: y }),
		svg("line", { class: "life", x1: g.right, y1: 20, x2: g.right, y2: y }),
		parts);
	}

	function transcript(test, ends) {
		const box = el("div", {});
		const more = test.transcript.length > MOST_LINES;
		let all = false, last = 0;

		const draw = () => {
			const width = Math.max(260, Math.min(box.clientWidth || 600, 900));

			if (width !== last)
				box.replaceChildren(sequence(test, ends, width, all));
			last = width;
		};
		new ResizeObserver(draw).observe(box);
		return el("div", {},
			(test.transcript_lost || 0) !== 0 &&
				el("p", { class: "shown" }, test.transcript_lost +
					" earlier lines were not kept."),
			more && el("button", { type: "button", class: "link",
				onclick: e => {
					all = true;
					last = 0;
					e.target.remove();
					draw();
				} }, `Draw all ${test.transcript.length} lines`),
			box,
			el("details", {}, el("summary", {}, "The transcript as text"),
				el("pre", { class: "wraps" }, test.transcript.map(l =>
					"+" + l.ms.toFixed(1) + " ms  " + l.text).join("\n"))));
	}

	function isOut(s) {
		return s.misfit === true || (s.high !== undefined &&
			(s.value < s.low || s.value > s.high));
	}

	function niceStep(most) {
		const raw = most / 5, ten = Math.pow(10, Math.floor(Math.log10(raw)));

		return [1, 2, 5, 10].map(n => n * ten).find(n => n >= raw);
	}

	function groupsOf(samples) {
		const groups = [];

		samples.forEach((s, i) => {
			const last = groups[groups.length - 1];

			if (last !== undefined && last.id === s.group)
				last.to = i;
			else
				groups.push({ id: s.group, from: i, to: i });
		});
		return groups.filter(g => g.id !== undefined);
	}

	function drawSample(s, x, y) {
		const parts = [];
		const out = isOut(s);
		const says = `record ${s.at}: ${s.value} bytes` +
			(s.high !== undefined ? `, allowed ${s.low} to ${s.high}` : "") +
			(out ? ", does not fit" : "");

		if (s.high !== undefined) {
			const top = y(s.high), bottom = y(s.low);

			parts.push(svg("rect", { class: "range", x: x - 11, width: 22,
				y: Math.min(top, bottom - 2),
				height: Math.max(4, bottom - top) }),
			svg("line", { class: "range-edge", x1: x - 11, x2: x + 11,
				y1: top, y2: top }),
			svg("line", { class: "range-edge", x1: x - 11, x2: x + 11,
				y1: bottom, y2: bottom }));
		}
		parts.push(out
			? svg("rect", { class: "dot out", x: x - 5, y: y(s.value) - 5,
				width: 10, height: 10,
				transform: `rotate(45 ${x} ${y(s.value)})` })
			: svg("circle", { class: s.high === undefined ? "dot free"
				: "dot", cx: x, cy: y(s.value), r: 4.5 }));
		return svg("g", {}, svg("title", {}, says), parts);
	}

	function plot(test) {
		const samples = test.samples;
		const most = Math.max(...samples.map(s => Math.max(s.value, s.high || 0)));
		const step = niceStep(most * 1.05);
		const high = Math.ceil(most * 1.05 / step) * step;
		const width = 60 + samples.length * 34, H = 220;
		const y = v => 12 + H - v / high * H;
		const x = i => 66 + i * 34;
		const parts = [];

		for (let v = 0; v <= high; v += step)
			parts.push(svg("line", { class: "axis", x1: 48, x2: width,
				y1: y(v), y2: y(v) }),
			label(44, y(v) + 4, String(v), "dim", "end"));
		samples.forEach((s, i) => {
			parts.push(drawSample(s, x(i), y));
			parts.push(label(x(i), H + 28, String(s.at), "dim", "middle"));
		});
		for (const g of groupsOf(samples)) {
			const a = x(g.from) - 12, b = x(g.to) + 12;

			parts.push(svg("path", { class: "group",
				d: `M${a} ${H + 34}v5H${b}v-5` }),
			label((a + b) / 2, H + 52, "p" + g.id, null, "middle"));
		}
		return el("div", {},
			el("div", { class: "scroll plot", tabindex: 0, role: "region",
				"aria-label": "Plot of record sizes" },
			svg("svg", { width, height: H + 60, role: "img",
				"aria-label": samples.length + " records, " +
				samples.filter(isOut).length + " do not fit; the same as a table below" },
			parts)),
			el("ul", { class: "legend" },
				el("li", { class: "l-range" }, el("i"), "range of the rule"),
				el("li", {}, el("i"), "record within it"),
				el("li", { class: "l-free" }, el("i"), "record without a rule"),
				el("li", { class: "l-out" }, el("i"), "record that does not fit"),
				el("li", {}, "number of the record; p: its packet")),
			el("details", {}, el("summary", {}, "The sizes as a table"),
				el("div", { class: "scroll" }, el("table", {},
					el("thead", {}, el("tr", {}, ["record", "packet", "bytes",
						"from", "to", ""].map(h => el("th", { scope: "col" }, h)))),
					el("tbody", {}, samples.map(s => el("tr", {},
						[s.at, s.group, s.value, s.low, s.high].map(v =>
							el("td", { class: "num" }, v === undefined ? "" : String(v))),
						el("td", {}, isOut(s) ? "does not fit" : ""))))))));
	}

	function fieldAt(fields, i) {
		return fields.findIndex(f => i >= f.at && i < f.at + f.len);
	}

	/* The secret is not in the file; zeros stand for it. */
	function isHidden(b, i) {
		return i >= b.hidden_at && i < b.hidden_at + b.hidden_len;
	}

	function hexCell(b, bytes, fields, i) {
		const at = fieldAt(fields, i);
		const f = fields[at];
		let cls = null;

		if (i >= bytes.length)
			return el("td", {});
		if (f !== undefined)
			cls = `f f${at % 4}` + (i === f.at ? " fl" : "") +
				(i === f.at + f.len - 1 ? " fr" : "");
		return el("td", { class: cls, title: f && f.text }, isHidden(b, i)
			? "**" : bytes[i].toString(16).padStart(2, "0"));
	}

	function hexdump(b) {
		const bytes = b.hex.match(/../g).map(h => parseInt(h, 16));
		const fields = b.fields || [];
		const rows = [];

		for (let i = 0; i < bytes.length; i += 16) {
			const part = bytes.slice(i, i + 16);

			rows.push(el("tr", {},
				el("td", { class: "off" }, i.toString(16).padStart(4, "0")),
				Array.from({ length: 16 }, (_, k) => hexCell(b, bytes, fields, i + k)),
				el("td", { class: "txt" }, part.map((c, k) =>
					isHidden(b, i + k) ? "*" : c >= 0x20 && c < 0x7f
					? String.fromCharCode(c) : "·").join(""))));
		}
		return el("div", {},
			el("div", { class: "scroll", tabindex: 0, role: "region",
				"aria-label": "Bytes" }, el("table", { class: "hex" },
				el("tbody", {}, rows))),
			b.total > bytes.length && el("p", { class: "shown" },
				`The first ${bytes.length} of ${b.total} bytes.`),
			fields.length !== 0 ? el("ul", { class: "fields" }, fields.map((f, i) =>
				el("li", { class: "f" + i % 4 }, f.text)))
				: b.text && el("p", { class: "mono" }, b.text));
	}

	return { el, transcript, plot, hexdump };
})();
