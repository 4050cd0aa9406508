"""The package shows all that it exports, and imports it when it is asked for."""

import pydoc
import subprocess
import sys
from importlib.metadata import version

import resonance_logs


def test_dir_lists_every_export() -> None:
    assert set(resonance_logs.__all__) <= set(dir(resonance_logs))
    assert "__doc__" in dir(resonance_logs)


def test_help_shows_the_database_and_the_tasks() -> None:
    text = pydoc.plain(pydoc.render_doc(resonance_logs))
    for name in ("class Database", "class BeginEncounter", "class QueueFull", "decode_task("):
        assert name in text


def test_every_export_is_there_under_its_name() -> None:
    for name in resonance_logs.__all__:
        assert getattr(resonance_logs, name) is not None


def test_dir_and_import_load_nothing_heavy() -> None:
    program = "import sys, resonance_logs; dir(resonance_logs); print('numpy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "False\n"


def test_a_program_that_only_records_imports_no_commands() -> None:
    """They take as long to import as all the rest."""
    program = (
        "import sys, tempfile\n"
        "from resonance_logs import Database, EndEncounter\n"
        "with tempfile.TemporaryDirectory() as folder, Database.open(folder + '/f.db') as db:\n"
        "    db.enqueue(EndEncounter(ended_at_ms=1))\n"
        "    db.flush()\n"
        "print({'resonance_logs.commands', 'pydantic'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr


def test_the_installed_version_is_that_of_the_package() -> None:
    assert version("resonance-logs") == resonance_logs.__version__
