"""The operator's templates of error bodies: the settings ``error_template_*`` (proxy.md 4.2)."""

from __future__ import annotations

import logging
import stat
from pathlib import Path
from types import MappingProxyType

from gwctl.engine.proxy.error_bodies import DEFAULTS, HTML, JSON, PLAIN, XML, ErrorBodies, Template, TemplateError
from gwctl.kit.errors import GwctlError
from gwctl.settings import Settings

_log = logging.getLogger("gwctl.engine")

_SETTINGS = MappingProxyType(
    {
        "error_template_html": HTML,
        "error_template_json": JSON,
        "error_template_plain": PLAIN,
        "error_template_xml": XML,
    }
)
_MOST_BYTES = 256 * 1024


class BadErrorTemplate(GwctlError):
    """A template that was read and cannot be used; the message names the setting, the file and the line."""

    code = "error_template"


def load_error_bodies(settings: Settings) -> ErrorBodies:
    """The error bodies of ``settings``. A template that cannot be used is an error in the log, and ours is used."""
    templates = dict(DEFAULTS)
    for name, kind in _SETTINGS.items():
        path = settings.path(name)
        if path is None:
            continue
        try:
            templates[kind] = _load(name, path)
        except (OSError, BadErrorTemplate) as error:
            _log.error("%s; the usual error body is used", error)
    return ErrorBodies(templates)


def require_error_templates(settings: Settings) -> None:
    """Raises BadErrorTemplate when one of the templates says something that is no template.

    One that cannot be read only costs its own look (proxy.md 4.2): that is for the nodes' logs.
    """
    for name in _SETTINGS:
        path = settings.path(name)
        if path is not None:
            try:
                _load(name, path)
            except OSError:
                continue


def _load(name: str, path: Path) -> Template:
    """Raises OSError, whose text names setting and file, and BadErrorTemplate."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(f"{name}: {path} is no regular file")
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        if error.strerror is None:
            raise
        raise OSError(f"{name}: cannot read {path}: {error.strerror}") from error
    hint = "the first %s stands for the message, the second for the request id"
    if len(data) > _MOST_BYTES:
        raise BadErrorTemplate(f"{name}: {path} has more than {_MOST_BYTES // 1024} KiB", hint="shorten it")
    try:
        return Template.parse(data.decode())
    except UnicodeDecodeError:
        raise BadErrorTemplate(f"{name}: {path} is not UTF-8 text", hint="save it in UTF-8") from None
    except TemplateError as error:
        raise BadErrorTemplate(f"{name}: {path}: {error}", hint=hint) from None
