"""What each suite of vectors holds: the fields, their order and their types.

The one statement of the format: tools/vectors2json reads the text files by it
and makes the JSON Schema of it. vectors/README.md says what the fields mean.

A field is (key, how often, arguments). How often: "1" once, "?" at most once,
"*" any number of times; a text after "=" is the value when there is none.
An argument is (name, type); types:
  i  integer            w  one of the words listed after the type
  b  bytes              s  text (bytes that are UTF-8)
  l  list of integers, or the word "c"
"""

RESULT_ADDR = "w ok more type empty"
ADDR = [("kind", "w ipv4 ipv6 name"), ("port", "i"), ("host", "b")]
DRAW = ("draw", "*", [("of", "i"), ("value", "i")])
READING = "w reference text tolerant none undetermined"

# Steps of a suite that is a conversation; they keep their order.
SESSION_STEPS = {
    # What is done to the session.
    "in": [("bytes", "b")],
    "open": [("sid", "i")],
    "send": [("sid", "i"), ("data", "b")],
    "fin": [("sid", "i")],
    "address": [("sid", "i")],
    "dialled": [("sid", "i")],
    "dial-failed": [("sid", "i"), ("text", "s")],
    "eof": [("sid", "i")],
    "alert": [("text", "s")],
    "time": [("ms", "i")],
    # What it must do then.
    "event": [("type", "w open data fin opened refused settings scheme "
                       "bad-scheme alert heart"), ("id", "i"), ("data", "b")],
    "write": [("bytes", "b")],
    "out": [("bytes", "b")],
    "refused": [("why", "w not-found closed limit")],
    "end": [("why", "w alert protocol limit timeout")],
}

POOL_STEPS = {
    "put": [("seq", "i"), ("ms", "i")],
    "take": [("seq", "i")],
    "remove": [("seq", "i")],
    "reap": [("ms", "i"), ("closed", "l")],
    "left": [("seqs", "l")],
}

SHAPE_STEPS = {
    "record": [("length", "i"), ("reading", READING)],
    "update": [("scheme", "s")],
    "rest": [("reading", READING)],
}

SUITES = {
    "command": [
        ("number", "1", [("", "i")]),
        ("cmd", "?", [("", "s")]),
        ("sender", "?", [("", "w client server both")]),
        ("since", "?", [("", "i")]),
        ("scope", "?", [("", "w session stream")]),
        ("data", "?", [("", "w never may")]),
    ],
    "frame": [
        ("in", "1", [("", "b")]),
        ("frame", "*", [("cmd", "i"), ("sid", "i"), ("data", "b")]),
        ("end", "1=idle", [("", "w idle header data")]),
    ],
    "auth": [
        ("in", "1", [("", "b")]),
        ("password", "?", [("", "s")]),
        ("result", "1=ok", [("", "w ok more")]),
        ("hash", "?", [("", "b")]),
        ("padding", "?", [("", "i")]),
        ("rest", "1=", [("", "b")]),
        ("accept", "?", [("", "w yes no")]),
    ],
    "settings": [
        ("in", "1", [("", "b")]),
        ("v", "?", [("", "b")]),
        ("in-force", "1", [("", "l")]),
        ("client", "?", [("", "b")]),
        ("md5", "?", [("", "b")]),
    ],
    "settings-put": [
        ("role", "1", [("", "w client server")]),
        ("version", "1", [("", "i")]),
        ("client", "?", [("", "s")]),
        ("md5", "?", [("", "s")]),
        ("out", "1", [("", "b")]),
    ],
    "scheme": [
        ("text", "1", [("", "s")]),
        ("result", "1=ok", [("", "w ok syntax")]),
        ("stop", "?", [("", "i")]),
        ("rule", "*", [("packet", "i"), ("items", "s")]),
        ("norule", "*", [("packet", "i")]),
        ("md5", "?", [("", "s")]),
    ],
    "sizes": [
        ("scheme", "1", [("", "s")]),
        ("packet", "1", [("", "i")]),
        DRAW,
        ("sizes", "1", [("", "l")]),
    ],
    "padding0": [
        ("scheme", "1", [("", "s")]),
        DRAW,
        ("length", "1", [("", "i")]),
    ],
    "plan": [
        ("scheme", "1", [("", "s")]),
        ("packet", "1", [("", "i")]),
        ("payload", "1", [("", "i")]),
        DRAW,
        ("write", "*", [("payload", "i"), ("waste", "l")]),
    ],
    "shape": [
        ("scheme", "1", [("", "s")]),
        ("auth", "1=absent", [("", "w judged skipped absent")]),
        ("stream", "1", [("", "b")]),
        ("steps", "steps", SHAPE_STEPS),
    ],
    "addr": [
        ("in", "1", [("", "b")]),
        ("result", "1=ok", [("", RESULT_ADDR)]),
        ("addr", "?", ADDR),
        ("rest", "1=", [("", "b")]),
        ("text", "?", [("", "s")]),
    ],
    "hostport": [
        ("text", "1", [("", "s")]),
        ("result", "1=ok", [("", "w ok syntax empty")]),
        ("out", "?", [("", "b")]),
    ],
    "uot-magic": [
        ("host", "1", [("", "b")]),
        ("version", "1", [("", "i")]),
    ],
    "uot-request": [
        ("in", "1", [("", "b")]),
        ("result", "1=ok", [("", RESULT_ADDR)]),
        ("connect", "?", [("", "i")]),
        ("addr", "?", ADDR),
        ("rest", "1=", [("", "b")]),
    ],
    "uot-datagrams": [
        ("connect", "1", [("", "i")]),
        ("in", "1", [("", "b")]),
        ("datagram", "*", ADDR + [("data", "b")]),
        ("packet", "*", [("data", "b")]),
        ("end", "1=idle", [("", "w idle more type empty")]),
    ],
    "uri": [
        ("text", "1", [("", "s")]),
        ("result", "1=ok", [("", "w ok syntax")]),
        ("password", "?", [("", "s")]),
        ("host", "?", [("", "s")]),
        ("port", "?", [("", "i")]),
        ("sni", "?", [("", "s")]),
        ("insecure", "?", [("", "i")]),
        ("fragment", "?", [("", "s")]),
        ("server-name", "?", [("", "s")]),
    ],
    "pool": [
        ("timeout", "1=0", [("", "i")]),
        ("min-idle", "1=0", [("", "i")]),
        ("steps", "steps", POOL_STEPS),
    ],
    "session": [
        ("role", "1", [("", "w client server")]),
        ("version", "1=2", [("", "i")]),
        ("scheme", "1=$default", [("", "s")]),
        ("client", "?", [("", "s")]),
        ("max-streams", "?", [("", "i")]),
        ("heartbeat", "?", [("every", "i"), ("timeout", "i")]),
        DRAW,
        ("steps", "steps", SESSION_STEPS),
    ],
}

# The document's numbers, for {NAME id data} in the text files.
COMMANDS = {
    "WASTE": 0, "SYN": 1, "PSH": 2, "FIN": 3, "SETTINGS": 4, "ALERT": 5,
    "UPDATE": 6, "SYNACK": 7, "HEARTREQ": 8, "HEARTRESP": 9,
    "SERVERSETTINGS": 10,
}
