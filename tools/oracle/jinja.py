"""Jinja2 set up as Hugging Face renders chat templates, with a fixed clock."""
import datetime
import json

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = datetime.datetime(2025, 3, 7, 9, 5, 2)


class Raised(TemplateError):
    pass


class Generation(Extension):
    """{% generation %} … {% endgeneration %}: what the assistant writes. Rendered as it stands."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_show"), [], [], body).set_lineno(line)

    def _show(self, caller):
        return caller()


def environment():
    def raise_exception(message):
        raise Raised(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda format: NOW.strftime(format)
    return env


ENVIRONMENT = environment()


def render(source, variables):
    """[text] or [kind, message] of the error."""
    try:
        template = ENVIRONMENT.from_string(source)
    except TemplateSyntaxError as e:
        return ["SYNTAX", str(e)]
    try:
        return [template.render(**variables)]
    except Raised as e:
        return ["RAISED", str(e)]
    except UndefinedError as e:
        return ["UNDEFINED", str(e)]
    except SecurityError as e:
        return ["FORBIDDEN", str(e)]
    except OverflowError as e:
        return ["LIMIT", str(e)]
    except (TypeError, ValueError, ZeroDivisionError, TemplateError, KeyError, IndexError, AttributeError) as e:
        return ["VALUE", type(e).__name__ + ": " + str(e)]
