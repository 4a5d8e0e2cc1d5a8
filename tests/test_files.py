# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path

import pytest
from spherical_cow.errors import OutputError
from spherical_cow.files import atomic_write


def test_the_file_appears_whole_when_the_body_ends(tmp_path: Path) -> None:
    target = tmp_path / "out.ply"
    with atomic_write(target) as temporary:
        assert temporary.suffix == ".ply" and temporary.parent == tmp_path
        temporary.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["out.ply"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "out.ply"
    target.write_text("old")
    with pytest.raises(KeyError), atomic_write(target) as temporary:
        temporary.write_text("half")
        raise KeyError
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.ply"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "real.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)
    with atomic_write(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink() and target.read_text() == "new"


@pytest.mark.skipif(os.name == "nt", reason="permission bits")
def test_permissions_of_the_old_file_are_kept(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")
    target.chmod(0o640)
    with atomic_write(target) as temporary:
        temporary.write_text("new")
    assert target.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "folder"),
        ("missing/out.txt", "no folder"),
        ("file.txt/out.txt", "not a folder"),
        ("n" * 300, "name"),
    ],
)
def test_places_that_cannot_be_written(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "file.txt").write_text("x")
    with pytest.raises(OutputError, match=words) as caught, atomic_write(tmp_path / name) as temporary:
        temporary.write_text("new")
    assert caught.value.remedy
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="full"), atomic_write("/dev/full") as temporary:
        temporary.write_text("new")
    assert Path("/dev/full").is_char_device()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_no_permission(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(OutputError, match="permission"), atomic_write(folder / "out.txt") as temporary:
        temporary.write_text("new")
