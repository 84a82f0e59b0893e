#!/usr/bin/env python3
"""The CI blocks of ci/templates do what they say: templates.py BUILD.

The commands of each (a shell file as it is, the script of a GitLab job, the
steps of a GitHub job with the composite action of ci/action in its place) run
in the folder of a project whose "go build", "cargo build" or "make server"
makes a server: once one that conforms, once one that does not. Building the
suite is the one thing left out: what BUILD has stands in. Linters, where they
are installed: actionlint, action-validator, check-jsonschema.
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/none")
SUBSET = "server/settings/**"

try:
    import yaml
except ImportError:
    yaml = None

passed = failed = skipped = 0


def check(name, fact, seen=""):
    global passed, failed
    passed += bool(fact)
    failed += not fact
    print(("ok " if fact else "FAIL ") + name +
          ("" if fact else ":\n" + str(seen)[-1500:]))


def skip(what):
    global skipped
    skipped += 1
    print("skip " + what)


def script(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, 0o755)


def make_tools(bin_dir, server):
    """go, cargo, git and make as a project and a CI machine have them."""
    wrapper = f'#!/bin/sh\nexec {server} "$@"\n'
    for tool, made in (("go", "server"), ("cargo", "target/release/server")):
        script(f"{bin_dir}/{tool}", f"#!/bin/sh\n[ \"$1\" = build ] || exit 9\n"
               f"mkdir -p target/release\ncat >{made} <<'END'\n{wrapper}END\n"
               f"chmod +x {made}\n")
    script(f"{bin_dir}/make", f"""#!/bin/sh
if [ "$*" = server ]; then
cat >server <<'END'
{wrapper}END
chmod +x server
elif [ "$1 $2 $3" = "-C conform SETUP=build" ]; then
mkdir conform/build && ln -s {BUILD} conform/build/none
else
exit 9
fi
""")
    script(f"{bin_dir}/git", f"""#!/bin/sh
[ "$*" = "clone -q --depth 1 $ANYTLS_CONFORM_URL conform" ] || exit 9
mkdir conform
""")


def action_step(step, tmp):
    """The steps of the action, as a runner puts inputs into their environment;
    the action lies in a tree whose suite is built."""
    home = os.path.join(tmp, "suite")
    if not os.path.isdir(home):
        os.makedirs(home + "/build")
        os.symlink(BUILD, home + "/build/none")
        shutil.copytree(HERE + "/action", home + "/ci/action")
    with open(home + "/ci/action/action.yml", encoding="utf-8") as f:
        action = yaml.safe_load(f)
    given = {k: str(v) for k, v in step.get("with", {}).items()}
    assert set(given) <= set(action["inputs"]), given
    for sub in action["runs"]["steps"]:
        env = {"GITHUB_ACTION_PATH": home + "/ci/action"}
        for name, value in sub.get("env", {}).items():
            key = value.strip("${} ").removeprefix("inputs.")
            env[name] = given.get(key, action["inputs"][key]["default"])
        yield sub["shell"] + " -e -c", sub["run"], env


def steps_of(path, tmp):
    """(shell, text, environment) of each command."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if path.endswith(".sh"):
        yield "sh -c", text, {}
        return
    data = yaml.safe_load(text)
    if "gitlab" in path:
        yield "sh -e -c", "\n".join(data["anytls"]["script"]), {}
        return
    for step in data["jobs"]["conformance"]["steps"]:
        if "run" in step:
            yield "sh -e -c", step["run"], {}
        elif "/ci/action@" in step["uses"]:
            yield from action_step(step, tmp)
        else:
            assert step["uses"].startswith("actions/"), step


def run_block(path, server, tmp):
    """The exit code and output of the block in a project with SERVER."""
    project, bin_dir = tmp + "/project", tmp + "/bin"
    os.mkdir(project)
    os.mkdir(bin_dir)
    make_tools(bin_dir, server)
    said, rc = "", 0
    for shell, text, env in steps_of(path, tmp):
        env = dict(os.environ, PATH=bin_dir + ":" + os.environ["PATH"],
                   ANYTLS_CONFORM_URL="file:///suite", ANYTLS_STRICT="1",
                   ANYTLS_RUN=SUBSET.replace(" ", ","),
                   GITHUB_OUTPUT=tmp + "/output", **env)
        done = subprocess.run([*shell.split(), text], cwd=project, env=env,
                              stdout=subprocess.PIPE, check=False, text=True,
                              stderr=subprocess.STDOUT, timeout=300)
        said += done.stdout
        rc = done.returncode
        if rc != 0:
            break
    return rc, said, project


def check_block(path):
    name = os.path.basename(path)
    out = "anytls-conform-out" if "github" in name else "out"
    good = f"{BUILD}/anytls-server"
    bad = f"{BUILD}/anytls-broken --as settings-needs-client"
    for server, code, what in ((good, 0, "conforms"), (bad, 1, "does not")):
        with tempfile.TemporaryDirectory() as tmp:
            rc, said, project = run_block(path, server, tmp)
            check(f"{name}: a server that {what}: exit {code}",
                  rc == code and f"exit {code}" in said, said)
            check(f"{name}: its reports",
                  os.path.exists(f"{project}/{out}/junit.xml"), said)
            if "github" not in name:
                continue
            with open(tmp + "/output", encoding="utf-8") as f:
                outputs = f.read()
            check(f"{name}: its outputs", f"exit-code={code}\n" in outputs and
                  "summary=anytls-conform: " in outputs, outputs)


def lint():
    flows = sorted(glob.glob(HERE + "/templates/github-*.yml"))
    action = HERE + "/action/action.yml"
    for tool, args in (("actionlint", flows),
                       ("action-validator", flows + [action])):
        if not shutil.which(tool):
            skip(f"no {tool} here")
            continue
        for one in args:
            done = subprocess.run([tool, one], capture_output=True, text=True,
                                  check=False)
            check(f"{tool}: {os.path.basename(one)}", done.returncode == 0,
                  done.stdout + done.stderr)
    if not shutil.which("check-jsonschema"):
        skip("no check-jsonschema here")
        return
    for schema, files in (("github-workflows", flows),
                          ("github-actions", [action]),
                          ("gitlab-ci", sorted(glob.glob(
                              HERE + "/templates/gitlab-*.yml")))):
        done = subprocess.run(["check-jsonschema", "--builtin-schema",
                               "vendor." + schema, *files],
                              capture_output=True, text=True, check=False)
        check(f"check-jsonschema: {schema}", done.returncode == 0,
              done.stdout + done.stderr)


def main():
    blocks = [p for p in sorted(glob.glob(HERE + "/templates/*"))
              if "shards" not in p]
    check("a Go, a Rust and a C project, three ways", len(blocks) == 9, blocks)
    for path in blocks:
        if path.endswith(".yml") and yaml is None:
            skip(os.path.basename(path) + ": no PyYAML here")
        else:
            check_block(path)
    lint()
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
