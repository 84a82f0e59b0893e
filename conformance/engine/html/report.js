/* The page: filters, the list of cases, requirements, the run. */
(() => {
	"use strict";
	const { el } = figures;
	const $ = id => document.getElementById(id);
	const data = JSON.parse($("results").textContent);
	const run = data.run;
	const ORDER = ["fail", "crash", "error", "xpass", "flaky", "warn", "info",
		"undetermined", "xfail", "pass", "skip", "blocked"];
	const QUIET = new Set(["pass", "skip", "blocked"]);
	const ICONS = { pass: "✓", fail: "✗", crash: "✗", error: "!", xpass: "!",
		warn: "▲", flaky: "~", info: "i", xfail: "✓", skip: "–",
		blocked: "–", undetermined: "?", none: "○" };
	const ENDS = run.role === "client" ? ["suite (server)", "client"]
		: ["suite (client)", "server"];
	const PAGE = 800;
	const rows = new Map(data.requirements.map(r => [r.id, r]));
	const mine = data.requirements.filter(r =>
		r.role === run.role || r.role === "both");
	const cases = [...data.findings, ...data.tests].map((test, i) => prepare(test, i));
	const state = { q: "", level: "", basis: "", area: "", status: new Set() };

	function prepare(test, i) {
		const req = rows.get(test.requirements[0]);

		return { test, req, key: (test.id || "run-" + i) +
			(test.round > 1 ? "#" + test.round : ""),
			hay: [test.id, test.area, test.status, ...test.requirements,
				test.level, test.basis, req && req.quote, test.actual,
				...test.expected_outcomes, ...test.observations]
				.join(" ").toLowerCase() };
	}

	function tally(list, of) {
		const n = new Map();

		for (const x of list)
			n.set(of(x), (n.get(of(x)) || 0) + 1);
		return n;
	}

	function badge(status) {
		return el("span", { class: "badge s-" + status },
			el("span", { "aria-hidden": "true" }, (ICONS[status] || "") + " "),
			status);
	}

	/* ---- A case ---- */

	function heading(text) {
		return el("h3", {}, text);
	}

	function copyable(text) {
		const button = el("button", { type: "button", class: "ghost",
			onclick: () => navigator.clipboard.writeText(text).then(
				() => { button.textContent = "Copied"; },
				() => { button.textContent = "Select it"; }) }, "Copy");

		return el("div", { class: "copy" }, el("pre", { class: "wraps" }, text), button);
	}

	function captureLink(path) {
		if (/^[a-z][a-z0-9+.-]*:|^\/|\.\./i.test(path))
			return el("code", {}, path);
		return el("a", { href: path.split("/").map(encodeURIComponent).join("/"),
			download: true }, path);
	}

	function quote(req) {
		return el("blockquote", {}, req.quote, el("cite", {},
			`${req.id} · ${req.level} · basis: ${req.basis} · document version ${req.version}`));
	}

	function compare(test) {
		const expected = test.expected_outcomes.join("\n");

		if (expected === "" && test.actual === undefined)
			return null;
		return el("div", { class: "cmp" },
			expected !== "" && el("div", {}, heading("Expected"), el("p", {}, expected)),
			test.actual !== undefined && el("div", { class: "seen s-" + test.status },
				heading(test.status === "skip" || test.status === "blocked"
					? "Not run because" : "Seen"), el("p", {}, test.actual)));
	}

	function known(k) {
		return el("p", {}, `Known failure (${k.verdict}), ${k.file || ""}:${k.line || ""} `,
			k.issue && el("code", {}, k.issue), k.note && " " + k.note);
	}

	function attempts(list) {
		return el("ol", { class: "notes" }, list.map(a =>
			el("li", {}, badge(a.status), ` ${a.duration_ms} ms `, a.actual || "")));
	}

	function body(c) {
		const t = c.test;
		const others = t.requirements.slice(1);

		return el("div", { class: "body" },
			c.req && quote(c.req),
			others.length !== 0 && el("p", { class: "shown" }, "Also about ",
				others.map((id, i) => [i ? ", " : "",
					el("button", { type: "button", class: "link",
						onclick: () => openRequirement(id) }, id)])),
			compare(t),
			t.observations.length !== 0 && [heading("Noted"),
				el("ul", { class: "notes" }, t.observations.map(o => el("li", {}, o)))],
			t.known_failure && [heading("Known"), known(t.known_failure)],
			t.attempts && [heading("Attempts"), attempts(t.attempts)],
			t.samples && [heading("Record sizes, packet by packet"), figures.plot(t)],
			t.transcript.length !== 0 && [heading("What went over the wire"),
				figures.transcript(t, ENDS)],
			t.bytes && [heading("Bytes in question"), figures.hexdump(t.bytes)],
			t.log && [heading("Log of the target"), el("pre", {}, t.log)],
			t.capture && [heading("Capture"), el("p", {}, captureLink(t.capture),
				" (opens in Wireshark, keys inside)")],
			t.known_peers && [heading("Elsewhere"), el("p", {}, t.known_peers + ".")],
			t.replay && [heading("Run it again"), copyable(t.replay)],
			el("p", { class: "shown" }, `${t.duration_ms} ms`));
	}

	function shortText(t) {
		if (QUIET.has(t.status) && t.status !== "skip" && t.status !== "blocked")
			return null;
		return t.actual === undefined ? null
			: el("span", { class: "short" }, t.actual.slice(0, 220));
	}

	function caseNode(c) {
		const t = c.test;
		const node = el("details", { class: "case s-" + t.status, id: "case-" + c.key },
			el("summary", {}, badge(t.status),
				el("span", { class: "id" }, (t.id || "the run as a whole") +
					(t.round > 1 ? ` (round ${t.round})` : "")),
				el("span", { class: "req" }, (t.requirements[0] || "") +
					(t.level ? " " + t.level : "") +
					(t.basis && t.basis !== "text" ? " " + t.basis : "")),
				shortText(t)));

		node.addEventListener("toggle", () => {
			if (node.open && node.childElementCount === 1)
				node.append(body(c));
			if (node.open)
				remember("case=" + c.key);
		});
		return node;
	}

	/* ---- The list ---- */

	function matches(c) {
		const t = c.test;

		return (state.status.size === 0 || state.status.has(t.status)) &&
			(state.level === "" || t.level === state.level) &&
			(state.basis === "" || t.basis === state.basis) &&
			(state.area === "" || t.area === state.area) &&
			state.q.toLowerCase().split(/\s+/).every(w => c.hay.includes(w));
	}

	function showList(most) {
		const found = cases.filter(matches);
		const parts = [];
		let area = null;

		for (const c of found.slice(0, most)) {
			if (c.test.area !== area) {
				area = c.test.area;
				parts.push(el("h3", { class: "area" }, area));
			}
			parts.push(caseNode(c));
		}
		if (found.length > most)
			parts.push(el("p", {}, el("button", { type: "button", class: "ghost",
				onclick: () => showList(most + PAGE) },
			`Show ${Math.min(PAGE, found.length - most)} more`)));
		if (found.length === 0)
			parts.push(el("p", {}, "No case matches."));
		$("list").replaceChildren(...parts);
		$("shown").textContent = `${found.length} of ${cases.length} cases`;
		$("reset").hidden = found.length === cases.length;
	}

	function update() {
		for (const chip of $("chips").children)
			chip.setAttribute("aria-pressed", state.status.has(chip.dataset.status));
		for (const name of ["level", "basis", "area"])
			$(name).value = state[name];
		if ($("search").value !== state.q)
			$("search").value = state.q;
		showList(PAGE);
	}

	function reset() {
		state.q = state.level = state.basis = state.area = "";
		state.status.clear();
		update();
	}

	function options(select, values) {
		for (const v of values)
			if (v !== undefined)
				select.append(el("option", { value: v }, v));
	}

	function unique(list) {
		return [...new Set(list)].filter(v => v !== undefined && v !== "");
	}

	function setUpFilters() {
		const counts = tally(cases, c => c.test.status);
		const statuses = ORDER.filter(s => counts.has(s));

		$("chips").append(...statuses.map(s => el("button", { type: "button",
			class: "chip s-" + s, "data-status": s, onclick: () => {
				if (!state.status.delete(s))
					state.status.add(s);
				update();
			} }, `${s} `, el("span", { class: "n" }, String(counts.get(s))))));
		options($("level"), unique(cases.map(c => c.test.level)));
		options($("basis"), unique(cases.map(c => c.test.basis)));
		options($("area"), unique(cases.map(c => c.test.area)));
		for (const name of ["level", "basis", "area"])
			$(name).addEventListener("change", e => {
				state[name] = e.target.value;
				update();
			});
		$("search").addEventListener("input", e => {
			state.q = e.target.value;
			showList(PAGE);
		});
		$("reset").addEventListener("click", reset);
		for (const f of document.querySelectorAll("form.filters"))
			f.addEventListener("submit", e => e.preventDefault());
		statuses.filter(s => !QUIET.has(s)).forEach(s => state.status.add(s));
	}

	/* ---- Requirements ---- */

	const about = new Map();

	function stateOf(req) {
		const found = (about.get(req.id) || []).map(c => c.test.status);

		if (found.length === 0)
			return req.disposition === "case" ? "not selected" : "no case";
		if (found.some(s => ["fail", "crash", "xpass", "error"].includes(s)))
			return "violated";
		if (found.some(s => !QUIET.has(s)))
			return "findings";
		return found.includes("pass") ? "passed" : "not run";
	}

	const STATE_CLASS = { passed: "s-pass", violated: "s-fail", findings: "s-warn",
		"not run": "s-skip", "not selected": "s-skip", "no case": "s-none" };

	function meter(title, list) {
		const n = tally(list, stateOf);
		const names = Object.keys(STATE_CLASS).filter(s => n.has(s));

		return el("div", { class: "meter" },
			el("div", {}, el("b", {}, `${n.get("passed") || 0} of ${list.length} `),
				title),
			el("div", { class: "stack", "aria-hidden": "true" }, names.map(s =>
				el("span", { class: STATE_CLASS[s],
					style: `flex:${n.get(s)}` }))),
			el("p", {}, names.map(s => `${n.get(s)} ${s}`).join(", ")));
	}

	/* Findings are by a case's first requirement alone. */
	function collect() {
		for (const c of cases)
			c.test.requirements.forEach((id, i) => {
				if (i !== 0 && !QUIET.has(c.test.status))
					return;
				about.set(id, [...(about.get(id) || []), c]);
			});
	}

	function requirementNode(req) {
		const found = about.get(req.id) || [];
		const st = stateOf(req);
		const counts = tally(found, c => c.test.status);

		return el("article", { class: "row " + STATE_CLASS[st], id: "req-" + req.id },
			el("div", { class: "head" }, el("span", { class: "id" }, req.id),
				el("span", { class: "badge" }, st),
				el("span", { class: "soft" }, `${req.level} · ${req.basis} · version ${req.version}`)),
			el("p", {}, req.quote),
			found.length !== 0
				? el("p", { class: "soft" }, el("button", { type: "button", class: "link",
					onclick: () => openCases(req.id) },
				`${found.length} case${found.length > 1 ? "s" : ""}`), ": ",
				ORDER.filter(s => counts.has(s)).map(s => `${counts.get(s)} ${s}`).join(", "))
				: el("p", { class: "soft" }, req.disposition === "case"
					? "Its cases were not selected in this run."
					: req.disposition));
	}

	function showRequirements() {
		const q = $("req-search").value.toLowerCase();
		const found = mine.filter(r =>
			($("req-level").value === "" || r.level === $("req-level").value) &&
			($("req-basis").value === "" || r.basis === $("req-basis").value) &&
			($("req-state").value === "" || stateOf(r) === $("req-state").value) &&
			`${r.id} ${r.quote} ${r.disposition}`.toLowerCase().includes(q));

		$("req-shown").textContent =
			`${found.length} of ${mine.length} requirements`;
		$("req-list").replaceChildren(...found.map(requirementNode));
	}

	function setUpRequirements() {
		const of = (level, basis) => mine.filter(r =>
			r.level === level && (r.basis === "text") === basis);

		collect();
		$("coverage").append(el("div", { class: "meters" },
			meter("MUST of the text", of("MUST", true)),
			meter("SHOULD of the text", of("SHOULD", true)),
			meter("of reference and safety", mine.filter(r =>
				r.basis !== "text" && r.level !== "MAY")),
			meter("MAY", mine.filter(r => r.level === "MAY"))));
		options($("req-level"), unique(mine.map(r => r.level)));
		options($("req-basis"), unique(mine.map(r => r.basis)));
		options($("req-state"), Object.keys(STATE_CLASS).filter(s =>
			mine.some(r => stateOf(r) === s)));
		for (const id of ["req-search", "req-level", "req-basis", "req-state"])
			$(id).addEventListener("input", showRequirements);
	}

	function openCases(id) {
		reset();
		state.q = id.toLowerCase();
		update();
		showTab("cases");
		$("search").focus();
	}

	function openRequirement(id) {
		showTab("reqs");
		$("req-search").value = id;
		showRequirements();
		$("req-search").focus();
	}

	/* ---- The run ---- */

	function setUpRun() {
		const features = Object.entries(run.features).map(([k, v]) =>
			v === true ? k : v === false ? k + "=no" : k + "=" + v).join("\n");
		const facts = [["Suite", `${run.suite} ${run.version}`],
			["Document", run.document], ["Vectors", run.vectors],
			["Target", run.target],
			["Command", run.command], ["Profile", run.profile],
			["Features", features], ["Command line", run.argv.join(" ")],
			["Seed", run.seed], ["Began", run.started],
			["Took", (run.duration_ms / 1000).toFixed(2) + " s"],
			["Cases at a time", String(run.jobs)], ["System", run.system],
			["Shard", run.shard && `${run.shard.index} of ${run.shard.count}`],
			["Ended", run.completion], ["Exit code", String(run.exit_code)]];

		$("run").append(el("dl", { class: "facts" }, facts.filter(f =>
			f[1] !== undefined && f[1] !== "").map(f =>
			[el("dt", {}, f[0]), el("dd", {}, f[1])])));
	}

	function setUpHead() {
		const c = data.counts;
		const verdicts = { 0: ["good", "Conforms"], 1: ["bad", "Does not conform"],
			2: ["open", "Interrupted"], 3: ["bad", "The suite failed"],
			5: ["open", "Nothing was tested"], 6: ["bad", "The target is unusable"] };
		const v = verdicts[run.exit_code] || ["open", "Exit " + run.exit_code];
		const tile = (cls, n, text) => el("div", { class: "tile " + cls },
			el("b", {}, String(n)), el("span", {}, text));

		$("verdict").textContent = v[1];
		$("verdict").className = v[0];
		$("subtitle").textContent = [run.command || run.target,
			new Date(run.started).toISOString().slice(0, 16).replace("T", " ") + " UTC",
			(run.duration_ms / 1000).toFixed(1) + " s", "seed " + run.seed].join(" · ");
		$("reason").hidden = run.reason === undefined;
		$("reason").textContent = run.reason || "";
		$("tiles").append(tile("pass", c.pass, "passed"),
			tile("fail", c.fail + c.crash + c.error, "failed or crashed"),
			tile("warn", c.warn, "warnings"), tile("info", c.info, "noted"),
			tile("skip", c.skip + c.blocked, "not run"),
			tile("", c.findings.text_must, "text MUST violated"));
	}

	/* ---- Tabs, keys, theme ---- */

	const TABS = ["cases", "reqs", "run"];

	function showTab(name) {
		for (const t of TABS) {
			$("tab-" + t).setAttribute("aria-selected", t === name);
			$("tab-" + t).tabIndex = t === name ? 0 : -1;
			$("panel-" + t).hidden = t !== name;
		}
	}

	function setUpTabs() {
		TABS.forEach((t, i) => {
			$("tab-" + t).addEventListener("click", () => showTab(t));
			$("tab-" + t).addEventListener("keydown", e => {
				const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];

				if (step === undefined)
					return;
				const to = TABS[(i + step + TABS.length) % TABS.length];
				showTab(to);
				$("tab-" + to).focus();
			});
		});
	}

	function stepCase(by) {
		const all = [...document.querySelectorAll("#list .case > summary")];
		const at = all.indexOf(document.activeElement);
		const next = all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + by))];

		if (next !== undefined)
			next.focus();
	}

	function onKey(e) {
		const field = /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName);

		if (e.key === "Escape" && e.target.id === "search") {
			state.q = "";
			update();
			return;
		}
		if (field || e.ctrlKey || e.altKey || e.metaKey || $("help").open)
			return;
		const act = { j: () => stepCase(1), k: () => stepCase(-1),
			a: reset, "1": () => showTab("cases"), "2": () => showTab("reqs"),
			"3": () => showTab("run"), "?": () => $("help").showModal(),
			"/": () => { showTab("cases"); $("search").focus(); } }[e.key];

		if (act !== undefined) {
			e.preventDefault();
			act();
		}
	}

	function setTheme(name) {
		if (name === "auto")
			delete document.documentElement.dataset.theme;
		else
			document.documentElement.dataset.theme = name;
		$("theme-button").textContent = "Theme: " + name;
	}

	/* A page without a place of its own has no storage. */
	function stored(value) {
		try {
			if (value !== undefined)
				localStorage.setItem("anytls-theme", value);
			return localStorage.getItem("anytls-theme") || "auto";
		} catch (e) {
			return value || "auto";
		}
	}

	function setUpTheme() {
		const names = ["auto", "light", "dark"];
		let at = Math.max(0, names.indexOf(stored()));

		setTheme(names[at]);
		$("theme-button").addEventListener("click", () => {
			at = (at + 1) % names.length;
			stored(names[at]);
			setTheme(names[at]);
		});
	}

	function remember(hash) {
		try {
			history.replaceState(null, "", "#" + encodeURI(hash));
		} catch (e) {
			return;
		}
	}

	function openFromHash() {
		const m = /^#case=(.*)$/.exec(decodeURI(location.hash));
		const c = m && cases.find(x => x.key === m[1]);

		if (!c)
			return;
		if (!matches(c))
			reset();
		const node = $("case-" + c.key);
		node.open = true;
		node.scrollIntoView();
	}

	setUpTheme();
	setUpHead();
	setUpFilters();
	setUpTabs();
	setUpRequirements();
	setUpRun();
	update();
	showRequirements();
	document.addEventListener("keydown", onKey);
	$("help-button").addEventListener("click", () => $("help").showModal());
	window.addEventListener("hashchange", openFromHash);
	openFromHash();
})();
