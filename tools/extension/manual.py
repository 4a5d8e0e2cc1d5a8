# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual's pages as HTML, so that a browser shows them when Blender opens "Online Manual" from the zip.

Knows the part of Markdown that `docs/panel` uses: headings, paragraphs, lists, tables, code, pictures and links.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

STYLE = """body{font:16px/1.55 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#222}
h1,h2{line-height:1.2}code,pre{background:#f2f4f7;border-radius:4px;padding:.1em .3em}pre{padding:.8em;overflow:auto}
table{border-collapse:collapse}td,th{border-bottom:1px solid #d8dde4;padding:.35em .8em .35em 0;text-align:left;
vertical-align:top}img{max-width:100%;border-radius:6px}a{color:#1f6f3f}"""


def pages(folder: Path) -> dict[str, bytes]:
    """File name → bytes of every page in a folder (as HTML) and of the pictures that the pages show."""
    texts = {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.md"))}
    found = {f"{name}.html": page(text).encode("utf-8") for name, text in texts.items()}
    shown = {name for text in texts.values() for name in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)}
    return found | {name: (folder / name).read_bytes() for name in sorted(shown)}


def page(text: str) -> str:
    """A Markdown text as one HTML page, whose title is the first heading."""
    title = re.search(r"^# (.+)$", text, re.MULTILINE)
    body = "\n".join(_block(block) for block in _blocks(text))
    name = html.escape(title.group(1)) if title else "Spherical Cow"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f"<style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _blocks(text: str) -> Iterator[str]:
    for part in re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL):
        if part.startswith("```"):
            yield part
        else:
            yield from (block.strip("\n") for block in re.split(r"\n\s*\n", part) if block.strip())


def _block(block: str) -> str:
    if block.startswith("```"):
        return f"<pre>{html.escape(block.split(chr(10), 1)[1].removesuffix('```').rstrip())}</pre>"
    heading = re.match(r"(#{1,4}) (.+)$", block)
    if heading:
        level = len(heading.group(1))
        return f"<h{level}>{_inline(heading.group(2))}</h{level}>"
    if block.startswith("|"):
        return _table(block.splitlines())
    marker = re.match(r"(-|\d+\.) ", block)
    if marker:
        tag = "ul" if marker.group(1) == "-" else "ol"
        items = re.split(r"\n?^(?:-|\d+\.) ", block, flags=re.MULTILINE)[1:]
        return f"<{tag}>" + "".join(f"<li>{_inline(item)}</li>" for item in items) + f"</{tag}>"
    return f"<p>{_inline(block)}</p>"


def _table(lines: list[str]) -> str:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    body = [row for row in rows[1:] if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]
    head = "".join(f"<th>{_inline(cell)}</th>" for cell in rows[0])
    cells = ("".join(f"<td>{_inline(cell)}</td>" for cell in row) for row in body)
    return f"<table><tr>{head}</tr>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>"


def _inline(text: str) -> str:
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    return "".join(f"<code>{html.escape(p[1:-1])}</code>" if p.startswith("`") else _marks(p) for p in parts)


def _marks(text: str) -> str:
    text = html.escape(text, quote=False)
    text = re.sub(r"!\[([^\]]*)\]\(([^)]+)\)", r'<img alt="\1" src="\2">', text)
    text = re.sub(r"\[([^\]]+)\]\((https?://[^)]+)\)", r'<a href="\2">\1</a>', text)
    text = re.sub(r"\[([^\]]+)\]\(([\w-]+)\.md\)", r'<a href="\2.html">\1</a>', text)
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)  # a page that is not in the zip
    text = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", text)
