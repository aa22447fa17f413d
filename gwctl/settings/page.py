"""The reference page of settings, from the catalogue: ``python -m gwctl.settings.page docs/reference/settings.md``."""

from __future__ import annotations

import sys
from pathlib import Path

from gwctl.settings.catalogue import CATALOGUE, TOPICS
from gwctl.settings.conffile import DEFAULT_PLACES
from gwctl.settings.declaration import ROLES, Alias, Kind, Setting, Status, Topic

_INTRODUCTION = """\
# Settings

How one node runs. This page is generated from the catalogue of settings (`python -m gwctl.settings.page`).

A value comes from, later wins: the default, the conf file, the environment, a flag of the command.

- The conf file is the one given with `-c`, else the first that exists of {places}.
  It holds `key = value` lines; `#` begins a comment, `\\#` is a literal `#`.
- The environment variable of a setting is `GWCTL_` and its name in capitals. `KONG_` and its name is read too;
  `GWCTL_` wins.
- An empty value means the default.
- A string may be a reference `{{vault://env/name}}` to an environment variable, `{{vault://env/name/key}}` to a member
  of a JSON object in it. References are kept as such wherever settings are shown or written.
- An unknown name is a warning with the closest known one. `gwctl settings show` tells each value and its origin.

Relative paths are seen from the prefix, those of certificates and of the prefix from the directory a command runs in.
Sizes take the endings `k`, `m` and `g`. Secrets are shown as `******`.
"""
_KIND_WORDS = {
    Kind.NGX_BOOLEAN: "boolean",
    Kind.STREAM_LISTEN: "listen",
    Kind.LOG: "path or `off`",
    Kind.CERTIFICATE: "path, PEM or base64",
    Kind.CERTIFICATES: "array of path, PEM or base64",
    Kind.COUNT_OR_AUTO: "integer or `auto`",
}
_TABLE_HEAD = "| name | type | default | roles | effect |\n|---|---|---|---|---|"


def render() -> str:
    """The whole page as Markdown."""
    places = ", ".join(f"`{place}`" for place in DEFAULT_PLACES)
    parts = [_INTRODUCTION.format(places=places)]
    parts.extend(_chapter(topic) for topic in TOPICS)
    parts.append(_namespaces())
    return "\n".join(parts)


def _chapter(topic: Topic) -> str:
    honoured = [setting for setting in topic.settings if setting.status is Status.HONOURED]
    others = [setting for setting in topic.settings if setting.status is Status.IGNORED]
    lines = [f"## {topic.title}", ""]
    if honoured:
        lines += [_TABLE_HEAD, *(_row(setting) for setting in honoured), ""]
    if topic.aliases:
        lines += ["Other names:", "", *(_other_name(alias) for alias in topic.aliases), ""]
    if others:
        lines += ["Accepted without effect:", "", *(_without_effect(setting) for setting in others), ""]
    return "\n".join(lines)


def _row(setting: Setting) -> str:
    cells = (f"`{setting.name}`", _type(setting), _default(setting), _roles(setting), _effect(setting))
    return f"| {' | '.join(cells)} |"


def _type(setting: Setting) -> str:
    words = _KIND_WORDS.get(setting.kind, str(setting.kind))
    if setting.choices:
        words += ": " + ", ".join(f"`{choice}`" for choice in setting.choices)
    if setting.minimum is not None and setting.maximum is not None:
        words += f", {setting.minimum:g} to {setting.maximum:g}"
    elif setting.minimum is not None:
        words += f", at least {setting.minimum:.0f}"
    elif setting.above is not None:
        words += f", above {setting.above:g}"
    return words


def _default(setting: Setting) -> str:
    shown = f"`{setting.default}`" if setting.default is not None else "unset"
    for role, text in setting.default_by_role.items():
        shown += f"; {role}: `{text}`"
    return shown


def _roles(setting: Setting) -> str:
    return "all" if setting.roles == ROLES else ", ".join(setting.roles)


def _effect(setting: Setting) -> str:
    text = setting.help
    if setting.flag:
        text += f" Flag: `{setting.flag}`."
    return text + (" Secret." if setting.secret else "")


def _other_name(alias: Alias) -> str:
    return f"- `{alias.name}` is `{alias.target}`" + (" (deprecated)" if alias.deprecated else "")


def _without_effect(setting: Setting) -> str:
    default = f" Default: `{setting.default}`." if setting.default is not None else ""
    return f"- `{setting.name}`: {setting.note}. ({setting.help.rstrip('.')}.{default})"


def _namespaces() -> str:
    lines = ["## Any suffix", "", "Names that begin so are accepted without effect:", ""]
    lines += [f"- `{namespace.prefix}*`: {namespace.note}" for namespace in CATALOGUE.namespaces]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    """Write the page to the file named, or to stdout."""
    if arguments:
        Path(arguments[0]).write_text(render(), encoding="utf-8")
    else:
        sys.stdout.write(render())


if __name__ == "__main__":
    main(sys.argv[1:])
