-- AnyTLS for Wireshark and tshark: authentication, frames, streams, UDP over
-- TCP, and what breaks the protocol. It needs the TLS secrets of the session (a
-- key log, or those inside a pcapng file). See docs/wireshark.md.

local anytls = Proto("anytls", "AnyTLS")

local COMMANDS = {
	[0] = "Waste", "SYN", "PSH", "FIN", "Settings", "Alert",
	"UpdatePaddingScheme", "SYNACK", "HeartRequest", "HeartResponse",
	"ServerSettings",
}
local WASTE, SYN, PSH, FIN, SETTINGS, ALERT, UPDATE, SYNACK, HEART_REQUEST,
    HEART_RESPONSE, SERVER_SETTINGS = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local FROM_CLIENT = { [SYN] = true, [SETTINGS] = true }
local FROM_SERVER = { [ALERT] = true, [UPDATE] = true, [SYNACK] = true,
	[SERVER_SETTINGS] = true }
local EMPTY = { [SYN] = true, [FIN] = true, [HEART_REQUEST] = true,
	[HEART_RESPONSE] = true }
local SINCE_V2 = { [SYNACK] = true, [HEART_REQUEST] = true,
	[SERVER_SETTINGS] = true }
local SOCKS = { [1] = "IPv4", [3] = "name", [4] = "IPv6" }
local UOT = { [0] = "IPv4", [1] = "IPv6", [2] = "name" }
local MAGIC, MAGIC_V1 = "sp.v2.udp-over-tcp.arpa", "sp.udp-over-tcp.arpa"

local f = {
	hash = ProtoField.bytes("anytls.auth.hash", "SHA-256 of the password"),
	padding_len = ProtoField.uint16("anytls.auth.padding_length",
	    "Length of padding0"),
	padding = ProtoField.bytes("anytls.auth.padding", "padding0"),
	command = ProtoField.uint8("anytls.command", "Command", base.DEC,
	    COMMANDS),
	stream = ProtoField.uint32("anytls.stream", "Stream"),
	length = ProtoField.uint16("anytls.length", "Data length"),
	data = ProtoField.bytes("anytls.data", "Data"),
	item = ProtoField.string("anytls.settings.item", "Item"),
	v = ProtoField.string("anytls.settings.v", "Version"),
	client = ProtoField.string("anytls.settings.client", "Client"),
	md5 = ProtoField.string("anytls.settings.padding_md5",
	    "MD5 of the padding scheme"),
	scheme = ProtoField.string("anytls.scheme.line", "Line"),
	stop = ProtoField.string("anytls.scheme.stop", "Stop"),
	alert = ProtoField.string("anytls.alert.text", "Alert"),
	error = ProtoField.string("anytls.synack.error", "Error"),
	socks_type = ProtoField.uint8("anytls.address.type", "Address type",
	    base.DEC, SOCKS),
	address = ProtoField.string("anytls.address", "Target"),
	host = ProtoField.string("anytls.address.host", "Host"),
	port = ProtoField.uint16("anytls.address.port", "Port"),
	connect = ProtoField.bool("anytls.uot.connect", "isConnect"),
	uot_dest = ProtoField.string("anytls.uot.destination", "Destination"),
	uot_type = ProtoField.uint8("anytls.uot.type", "Address type",
	    base.DEC, UOT),
	uot_addr = ProtoField.string("anytls.uot.address", "Address"),
	uot_len = ProtoField.uint16("anytls.uot.length", "Datagram length"),
	uot_data = ProtoField.bytes("anytls.uot.data", "Datagram"),
	opened = ProtoField.framenum("anytls.opened_in", "Stream opened in"),
}
local fields = {}
for _, field in pairs(f) do
	table.insert(fields, field)
end
anytls.fields = fields

local e, experts = {}, {}
for name, row in pairs({
	no_command = { "no command of the protocol", expert.severity.WARN },
	direction = { "a command that the other side alone may send (AT-FR-11)",
	    expert.severity.WARN },
	carries = { "a command that has no data carries some (AT-FR-03)",
	    expert.severity.ERROR },
	settings_first = { "the first frame is not Settings (AT-ST-01)",
	    expert.severity.ERROR },
	settings_again = { "Settings came again (AT-ST-22)",
	    expert.severity.WARN },
	settings_v = { "settings of a client have no number as v (AT-ST-18)",
	    expert.severity.ERROR },
	server_v = { "settings of a server have no number as v (AT-ST-19)",
	    expert.severity.ERROR },
	settings_md5 = { "padding-md5 is missing or no lower-case MD5 (AT-ST-23)",
	    expert.severity.ERROR },
	settings_name = { "settings name no client (AT-ST-05)",
	    expert.severity.WARN },
	server_settings = { "settings of the server out of turn (AT-ST-08)",
	    expert.severity.WARN },
	v1 = { "a version 2 command to a client of version 1 (AT-ST-09)",
	    expert.severity.ERROR },
	syn_first = { "a frame of a stream without a SYN before it (AT-SY-17)",
	    expert.severity.WARN },
	syn_order = { "the stream id does not rise (AT-SY-01)",
	    expert.severity.WARN },
	strange = { "a frame of a stream that was not opened (AT-DA-01)",
	    expert.severity.WARN },
	synack = { "SYNACK again, or out of turn (AT-SY-06)",
	    expert.severity.WARN },
	synack_error = { "the target could not be reached",
	    expert.severity.NOTE },
	after_fin = { "data after the sender's own FIN (AT-CL-06)",
	    expert.severity.WARN },
	address = { "no address where one is due (AT-SY-13)",
	    expert.severity.ERROR },
	uot_request = { "no request where one is due (AT-UT-02)",
	    expert.severity.ERROR },
	uot = { "no datagram where one is due (AT-UT-04)",
	    expert.severity.ERROR },
	waste = { "waste of a client is not zero, or has a stream id (AT-WA-02)",
	    expert.severity.WARN },
	padded = { "a server sends waste (AT-PD-20)", expert.severity.WARN },
	padding0 = { "padding0 is not zero (AT-AU-03)", expert.severity.WARN },
	session_id = { "a frame of the session has a stream id (AT-FR-13)",
	    expert.severity.NOTE },
	scheme = { "a padding scheme without a usable stop (AT-PD-23)",
	    expert.severity.WARN },
	alert = { "the server ends the session", expert.severity.NOTE },
	fallback = { "the server answers with text: a fallback",
	    expert.severity.NOTE },
}) do
	e[name] = ProtoExpert.new("anytls." .. name, row[1],
	    expert.group.PROTOCOL, row[2])
	table.insert(experts, e[name])
end
anytls.experts = experts

anytls.prefs.ports = Pref.string("TLS ports", "",
    "Server ports whose TLS connections are AnyTLS whatever they begin with, " ..
    "apart by commas")
anytls.prefs.inner = Pref.bool("Dissect what streams carry", true,
    "HTTP inside streams, and UDP payloads by their ports")

local tcp_stream = Field.new("tcp.stream")
local http = Dissector.get("http")
local sessions -- by tcp.stream: what is known of a session
local other -- by tcp.stream: frame that showed it to be something else

function anytls.init()
	sessions, other = {}, {}
end

local registered = {}
function anytls.prefs_changed()
	local ports = DissectorTable.get("tls.port")
	for _, port in ipairs(registered) do
		ports:remove(port, anytls)
	end
	registered = {}
	for port in anytls.prefs.ports:gmatch("%d+") do
		ports:add(tonumber(port), anytls)
		table.insert(registered, tonumber(port))
	end
end

-- The session that PINFO belongs to, made by its client's first data.
local function new_session(pinfo)
	return { client = tostring(pinfo.src) .. " " .. pinfo.src_port,
		frames = {}, streams = {}, nframes = 0, last = -1 }
end

local function from_client(s, pinfo)
	return s.client == tostring(pinfo.src) .. " " .. pinfo.src_port
end

local function is_text(tvb)
	for i = 0, 3 do
		local c = tvb(i, 1):uint()
		if c < 0x20 or c > 0x7e then
			return false
		end
	end
	return true
end

-- Addresses ---------------------------------------------------------------

-- Reads an address at OFFSET of the string D whose types are NAMES: text,
-- host, port, length; nil and "more", or nil and "bad".
local function read_address(d, offset, names)
	local kind = d:byte(offset)
	if kind == nil then
		return nil, "more"
	end
	kind = names[kind]
	local at, n = offset + 1, 4
	if kind == "IPv6" then
		n = 16
	elseif kind == "name" then
		n = d:byte(at)
		if n == nil then
			return nil, "more"
		elseif n == 0 then
			return nil, "bad"
		end
		at = at + 1
	elseif kind ~= "IPv4" then
		return nil, "bad"
	end
	if #d < at + n + 1 then
		return nil, "more"
	end
	local host
	if kind == "IPv4" then
		host = string.format("%d.%d.%d.%d", d:byte(at, at + 3))
	elseif kind == "IPv6" then
		local parts = {}
		for i = 0, 14, 2 do
			table.insert(parts, string.format("%x",
			    d:byte(at + i) * 256 + d:byte(at + i + 1)))
		end
		host = table.concat(parts, ":")
	else
		host = d:sub(at, at + n - 1)
	end
	local port = d:byte(at + n) * 256 + d:byte(at + n + 1)
	return (kind == "IPv6" and "[" .. host .. "]" or host) .. ":" .. port,
	    host, port, at + n + 2 - offset
end

-- What streams carry ------------------------------------------------------

-- State of one direction of a stream: bytes that wait for more.
local function new_stream(number)
	return { opened = number, kind = "address", wait = { "", "" } }
end

-- Takes the bytes D of direction DIR (1: client) off a stream, into a list of
-- pieces that fill() shows. Called once for each PSH.
local function take(st, dir, d, facts)
	local buf = st.wait[dir] .. d
	st.wait[dir] = ""
	while #buf > 0 do
		local piece
		if dir == 1 and st.kind == "address" then
			local text, host, port, n = read_address(buf, 1, SOCKS)
			if text == nil and host == "more" then
				st.wait[dir] = buf
				break
			elseif text == nil then
				st.kind = "lost"
				piece = { "bad_address", buf, #buf }
			else
				piece = { "address", buf:sub(1, n), n, text, host,
					port }
				st.target, st.port = host, port
				st.kind = host == MAGIC and "request" or
				    host == MAGIC_V1 and "packet" or "tcp"
			end
		elseif dir == 1 and st.kind == "request" then
			local text, host, port, n = read_address(buf, 2, SOCKS)
			if text == nil and host == "more" then
				st.wait[dir] = buf
				break
			elseif text == nil then
				st.kind = "lost"
				piece = { "bad_request", buf, #buf }
			else
				piece = { "request", buf:sub(1, n + 1), n + 1,
					text, buf:byte(1) ~= 0 }
				st.kind = buf:byte(1) ~= 0 and "connect" or
				    "packet"
				st.uport = port
			end
		elseif st.kind == "connect" or st.kind == "packet" then
			local text, host, port, n = nil, nil, st.uport, 0
			if st.kind == "packet" then
				text, host, port, n = read_address(buf, 1, UOT)
				if text == nil and host == "bad" then
					st.kind = "lost"
					piece = { "bad_datagram", buf, #buf }
				elseif text == nil then
					st.wait[dir] = buf
					break
				end
			end
			if piece == nil then
				if #buf < n + 2 then
					st.wait[dir] = buf
					break
				end
				local len = buf:byte(n + 1) * 256 + buf:byte(n + 2)
				if #buf < n + 2 + len then
					st.wait[dir] = buf
					break
				end
				piece = { "datagram", buf:sub(1, n + 2 + len),
					n + 2 + len, text, n, len, port }
			end
		else
			piece = { st.kind == "tcp" and "tcp" or "data", buf, #buf }
		end
		table.insert(facts.pieces, piece)
		buf = buf:sub(piece[3] + 1)
	end
	facts.waits = #st.wait[dir]
end

-- HTTP is known by how it begins, in either direction.
local function is_http(st, d)
	return st.http or d:match("^HTTP/1%.[01] ") ~= nil or
	    d:match("^%u+ [^ ]+ HTTP/1%.[01]\r\n") ~= nil or
	    d:match("^%u+ [^ ]+ HTTP/1%.[01]$") ~= nil
end

-- The stream's own dissector gets TVB. Returns how many bytes it left for the
-- time when there are more.
local function dissect_inner(tvb, pinfo, tree)
	local can, len, off = pinfo.can_desegment, pinfo.desegment_len,
	    pinfo.desegment_offset
	pinfo.can_desegment, pinfo.desegment_len = 2, 0
	http:call(tvb, pinfo, tree)
	local left = 0
	if pinfo.desegment_len ~= 0 then
		left = tvb:len() - pinfo.desegment_offset
	end
	pinfo.can_desegment, pinfo.desegment_len, pinfo.desegment_offset =
	    can, len, off
	return left
end

local function tvb_of(d, name)
	return ByteArray.new(d, true):tvb(name)
end

local function show_tcp(s, facts, piece, dir, pinfo, tree, root)
	local st = facts.st
	-- Fixed on the first pass: what is handed on in this frame.
	if piece.hand == nil then
		st.held = st.held or { "", "" }
		piece.hand = st.held[dir] .. piece[2]
		st.held[dir] = ""
		if is_http(st, piece.hand) then
			st.http = true
			piece.http = true
		end
	end
	if not piece.http or not anytls.prefs.inner then
		tree:add(f.data, tvb_of(piece[2], "AnyTLS stream data")())
		return
	end
	local tvb = tvb_of(piece.hand, "AnyTLS stream " .. facts.sid)
	local left = dissect_inner(tvb, pinfo, root)
	if piece.left == nil then
		piece.left = left
		if left > 0 then
			st.held[dir] = piece.hand:sub(#piece.hand - left + 1)
		end
	end
end

local function show_datagram(piece, pinfo, tree, root)
	local tvb = tvb_of(piece[2], "AnyTLS datagram")
	local sub = tree:add(anytls, tvb(), "Datagram of " .. piece[6] .. " bytes" ..
	    (piece[4] and ", " .. piece[4] or ""))
	if piece[4] then
		sub:add(f.uot_type, tvb(0, 1))
		sub:add(f.uot_addr, tvb(0, piece[5]), piece[4])
	end
	sub:add(f.uot_len, tvb(piece[5], 2))
	if piece[6] == 0 then
		return
	end
	local data = tvb(piece[5] + 2, piece[6])
	sub:add(f.uot_data, data)
	local udp = anytls.prefs.inner and piece[7] and
	    DissectorTable.get("udp.port"):get_dissector(piece[7])
	if udp then
		udp:call(data:tvb(), pinfo, root)
	end
end

local function show_piece(s, facts, piece, dir, pinfo, tree, root)
	local kind = piece[1]
	if kind == "address" then
		local tvb = tvb_of(piece[2], "AnyTLS address")
		local sub = tree:add(f.address, tvb(), piece[4])
		sub:add(f.socks_type, tvb(0, 1))
		sub:add(f.host, tvb(), piece[5])
		sub:add(f.port, tvb(piece[3] - 2, 2))
	elseif kind == "request" then
		local tvb = tvb_of(piece[2], "AnyTLS UDP request")
		tree:add(f.connect, tvb(0, 1), piece[5])
		tree:add(f.uot_dest, tvb(1), piece[4])
	elseif kind == "datagram" then
		show_datagram(piece, pinfo, tree, root)
	elseif kind == "tcp" then
		show_tcp(s, facts, piece, dir, pinfo, tree, root)
	else
		tree:add(f.data, tvb_of(piece[2], "AnyTLS stream data")())
		if kind == "bad_address" then
			tree:add_proto_expert_info(e.address)
		elseif kind == "bad_request" then
			tree:add_proto_expert_info(e.uot_request)
		elseif kind == "bad_datagram" then
			tree:add_proto_expert_info(e.uot)
		end
	end
end

-- Rules ------------------------------------------------------------------

local function settings_of(d)
	local items = {}
	for line in (d .. "\n"):gmatch("(.-)\n") do
		local key, value = line:match("^([^=]*)=(.*)$")
		if key then
			items[key] = value
		end
	end
	return items
end

local function judge_settings(s, client, cmd, d, facts)
	local items = settings_of(d)
	if not (items.v or ""):match("^[+-]?%d+$") then
		table.insert(facts.experts, client and "settings_v" or "server_v")
	end
	if not client then
		if s.server_settings and not s.settings_twice or s.spoke then
			table.insert(facts.experts, "server_settings")
		end
		s.server_settings = true
		return
	end
	if s.settings then
		s.settings_twice = true
		table.insert(facts.experts, "settings_again")
	end
	s.settings = true
	s.version = tonumber((items.v or ""):match("^%d+$")) or 1
	if not (items["padding-md5"] or ""):match("^[0-9a-f]+$") or
	    #items["padding-md5"] ~= 32 then
		table.insert(facts.experts, "settings_md5")
	end
	if (items.client or "") == "" then
		table.insert(facts.experts, "settings_name")
	end
end

local function judge_any(s, client, cmd, sid, len, facts)
	local add = function(name)
		table.insert(facts.experts, name)
	end
	if COMMANDS[cmd] == nil then
		add("no_command")
	elseif EMPTY[cmd] and len > 0 then
		add("carries")
	end
	if client and FROM_SERVER[cmd] or not client and FROM_CLIENT[cmd] then
		add("direction")
	end
	if client then
		if s.nclient == nil and cmd ~= SETTINGS then
			add("settings_first")
		end
		s.nclient = true
	else
		if SINCE_V2[cmd] and s.settings and (s.version or 1) < 2 then
			add("v1")
		elseif (cmd == SYNACK or cmd == HEART_REQUEST) and
		    not s.server_settings then
			add("server_settings")
		end
		if cmd == WASTE then
			add("padded")
		elseif sid ~= 0 and FROM_SERVER[cmd] and cmd ~= SYNACK then
			add("session_id")
		end
		if cmd == PSH or cmd == FIN then
			s.spoke = s.spoke or not s.server_settings
		end
	end
end

local function judge_stream(s, client, cmd, sid, d, facts, number)
	local add = function(name)
		table.insert(facts.experts, name)
	end
	local st = s.streams[sid]
	if cmd == SYN and client then
		if sid <= s.last then
			add("syn_order")
		end
		s.last = sid
		st = new_stream(number)
		s.streams[sid] = st
	elseif st == nil then
		if client and (cmd == PSH or cmd == FIN) then
			add("syn_first")
		elseif not client and cmd == PSH and #d > 0 then
			add("strange")
		elseif not client and cmd == SYNACK then
			add("synack")
		end
		return
	end
	facts.st, facts.opened = st, st.opened
	if cmd == SYNACK then
		if st.synack or st.data or st.server_fin then
			add("synack")
		end
		st.synack = true
		if #d > 0 then
			st.failed = true
			add("synack_error")
		end
	elseif cmd == PSH then
		if #d > 0 and (client and st.client_fin or
		    not client and st.server_fin) then
			add("after_fin")
		elseif #d > 0 and not client and not st.synack and not st.data and
		    s.server_settings and (s.version or 1) >= 2 or
		    not client and st.failed then
			add("synack")
		end
		st.data = st.data or not client
		take(st, client and 1 or 2, d, facts)
	elseif cmd == FIN then
		if client then
			st.client_fin = true
		else
			st.server_fin = true
		end
	end
end

-- What is to be said of a frame, found out once, when it is first seen.
local function study(s, client, tvb, cmd, sid, number)
	local facts = { experts = {}, pieces = {}, sid = sid }
	local len = tvb:len() - 7
	local d = len > 0 and tvb:raw(7, len) or ""
	judge_any(s, client, cmd, sid, len, facts)
	if cmd == SETTINGS and client or cmd == SERVER_SETTINGS and not client then
		judge_settings(s, client, cmd, d, facts)
	elseif cmd == SYN or cmd == PSH or cmd == FIN or
	    cmd == SYNACK and not client then
		judge_stream(s, client, cmd, sid, d, facts, number)
	elseif cmd == WASTE and client and
	    (sid ~= 0 or d:find("[^%z]") ~= nil) then
		table.insert(facts.experts, "waste")
	elseif cmd == UPDATE and len > 0 and
	    not ("\n" .. d):find("\nstop=[+-]?%d+\r?\n") and
	    not ("\n" .. d .. "\n"):find("\nstop=[+-]?%d+\n") then
		table.insert(facts.experts, "scheme")
	elseif cmd == ALERT and len > 0 then
		table.insert(facts.experts, "alert")
	end
	return facts
end

-- Trees ------------------------------------------------------------------

local NAMED = { v = f.v, client = f.client, ["padding-md5"] = f.md5 }

local function add_lines(tree, tvb, named, other_field)
	local d, at = tvb:raw(), 0
	for line in (d .. "\n"):gmatch("(.-)\n") do
		if #line > 0 then
			local key, value = line:match("^([^=]*)=(.*)$")
			local field = key and named[key]
			if field then
				tree:add(field, tvb(at, #line), value)
			else
				tree:add(other_field, tvb(at, #line), line)
			end
		end
		at = at + #line + 1
	end
end

local function describe(cmd, sid, len)
	local name = COMMANDS[cmd] or ("command " .. cmd)
	if cmd == SYN or cmd == PSH or cmd == FIN or cmd == SYNACK then
		name = name .. " " .. sid
	end
	return len > 0 and name .. " (" .. len .. ")" or name
end

local function show_frame(s, client, tvb, pinfo, root, facts)
	local cmd, sid = tvb(0, 1):uint(), tvb(1, 4):uint()
	local len = tvb:len() - 7
	local text = describe(cmd, sid, len)
	local tree = root:add(anytls, tvb(), "AnyTLS " .. text)
	tree:add(f.command, tvb(0, 1))
	tree:add(f.stream, tvb(1, 4))
	tree:add(f.length, tvb(5, 2))
	if facts.opened and cmd ~= SYN then
		tree:add(f.opened, facts.opened):set_generated()
	end
	for _, name in ipairs(facts.experts) do
		tree:add_proto_expert_info(e[name])
	end
	pinfo.cols.info:append(" " .. text)
	if len == 0 then
		return
	end
	local data = tvb(7, len)
	if cmd == SETTINGS or cmd == SERVER_SETTINGS then
		add_lines(tree, data:tvb(), NAMED, f.item)
	elseif cmd == UPDATE then
		add_lines(tree, data:tvb(), { stop = f.stop }, f.scheme)
	elseif cmd == ALERT then
		tree:add(f.alert, data)
	elseif cmd == SYNACK then
		tree:add(f.error, data)
	elseif cmd == PSH and facts.st then
		for _, piece in ipairs(facts.pieces) do
			show_piece(s, facts, piece, client and 1 or 2, pinfo,
			    tree, root)
		end
		if #facts.pieces == 0 then
			tree:add(f.data, data):append_text(
			    " (continued in a later frame)")
		end
	else
		tree:add(f.data, data)
	end
end

-- The number of this AnyTLS frame within its packet, the same on each pass.
local function next_key(pinfo)
	local n = tonumber(pinfo.private["anytls_frame"] or "0") + 1
	pinfo.private["anytls_frame"] = tostring(n)
	return pinfo.number * 65536 + n
end

local function show_auth(s, tvb, pinfo, root)
	local padding = tvb(32, 2):uint()
	local tree = root:add(anytls, tvb(0, 34 + padding),
	    "AnyTLS authentication, padding0 of " .. padding)
	tree:add(f.hash, tvb(0, 32))
	tree:add(f.padding_len, tvb(32, 2))
	if padding > 0 then
		tree:add(f.padding, tvb(34, padding))
		if tvb:raw(34, padding):find("[^%z]") then
			tree:add_proto_expert_info(e.padding0)
		end
	end
	pinfo.cols.info:append(" authentication (34+" .. padding .. ")")
	return 34 + padding
end

-- Asks for WANT more bytes from OFFSET on, or for as much as there is.
local function more(pinfo, offset, want)
	pinfo.desegment_offset = offset
	pinfo.desegment_len = want
end

local function dissect(s, tvb, pinfo, root)
	local client = from_client(s, pinfo)
	local offset = 0
	pinfo.cols.protocol = "AnyTLS"
	if pinfo.private["anytls_frame"] == nil then
		pinfo.cols.info = client and ">" or "<"
	end
	if client and (s.auth == nil or s.auth == pinfo.number) and
	    pinfo.private["anytls_auth"] == nil then
		if tvb:len() < 34 or tvb:len() < 34 + tvb(32, 2):uint() then
			more(pinfo, 0, DESEGMENT_ONE_MORE_SEGMENT)
			return tvb:len()
		end
		s.auth = pinfo.number
		pinfo.private["anytls_auth"] = "1"
		offset = show_auth(s, tvb, pinfo, root)
	elseif not client and s.fallback == nil and not s.server_seen then
		s.fallback = tvb:len() >= 4 and is_text(tvb)
	end
	if not client then
		s.server_seen = true
		if s.fallback then
			local tree = root:add(anytls, tvb(),
			    "AnyTLS: no frames")
			tree:add(f.data, tvb())
			tree:add_proto_expert_info(e.fallback)
			return tvb:len()
		end
	end
	while offset < tvb:len() do
		local left = tvb:len() - offset
		if left < 7 then
			more(pinfo, offset, DESEGMENT_ONE_MORE_SEGMENT)
			break
		end
		local len = tvb(offset + 5, 2):uint()
		if left < 7 + len then
			more(pinfo, offset, 7 + len - left)
			break
		end
		local frame = tvb(offset, 7 + len):tvb()
		local key = next_key(pinfo)
		local facts = s.frames[key]
		if facts == nil then
			facts = study(s, client, frame, frame(0, 1):uint(),
			    frame(1, 4):uint(), pinfo.number)
			s.frames[key] = facts
		end
		show_frame(s, client, frame, pinfo, root, facts)
		offset = offset + 7 + len
	end
	return tvb:len()
end

-- The first thing a client says: is it an authentication request?
local function is_auth(tvb)
	if tvb:len() < 34 then
		return false
	end
	local n = 34 + tvb(32, 2):uint()
	if n > tvb:len() then
		return false
	end
	-- Frames of the session may follow in the same record.
	return n == tvb:len() or
	    tvb:len() >= n + 7 and tvb(n, 1):uint() == SETTINGS
end

local function stream_number()
	local field = tcp_stream()
	return field and field.value
end

function anytls.dissector(tvb, pinfo, root)
	local number = stream_number()
	if number == nil then
		return 0
	end
	if sessions[number] == nil then
		sessions[number] = new_session(pinfo)
	end
	return dissect(sessions[number], tvb, pinfo, root)
end

local function heuristic(tvb, pinfo, root)
	local number = stream_number()
	if number == nil then
		return false
	end
	if sessions[number] == nil then
		if other[number] then
			return false
		end
		if not is_auth(tvb) then
			other[number] = true
			return false
		end
		sessions[number] = new_session(pinfo)
	end
	dissect(sessions[number], tvb, pinfo, root)
	return true
end

anytls:register_heuristic("tls", heuristic)
