from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

import millrace.catalog
from millrace.catalog import revision
from millrace.catalog.catalog import Catalog
from millrace.catalog.database import Database
from millrace.catalog.rows import Base
from millrace.errors import SpecError

FOLDER = Path(millrace.catalog.__file__).parent


def store_revision(url: str, value: str) -> None:
    with Database(url).connection(write=True) as connection:
        connection.execute(text(f"UPDATE {revision.VERSION_TABLE} SET version_num = '{value}'"))


def test_migrations_make_the_tables_that_the_code_declares(url: str, catalog: Catalog) -> None:
    options = {"version_table": revision.VERSION_TABLE, "compare_type": True}
    with Database(url).connection(write=False) as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_the_constant_names_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [revision.HEAD]


def test_migrating_again_changes_nothing(catalog: Catalog, start) -> None:
    made = start()
    catalog.migrate()
    assert catalog.runs.get(made.id) == made


def test_an_empty_database_is_refused_with_what_to_run(url: str) -> None:
    with Catalog(url) as catalog, pytest.raises(SpecError, match="millrace catalog migrate"):
        catalog.runs.latest()


def test_a_missing_file_is_refused_and_not_made(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "catalog.db"
    catalog = Catalog(f"sqlite:///{file}")
    with pytest.raises(SpecError, match="no tables yet"):
        catalog.check()
    assert not file.parent.exists()
    catalog.migrate()
    catalog.check()


def test_a_newer_catalog_is_refused_and_left_alone(url: str, catalog: Catalog) -> None:
    store_revision(url, "9999")
    with Catalog(url) as other:
        for use in (other.check, other.migrate, lambda: other.models):
            with pytest.raises(SpecError, match=r"newer Millrace; .* received 9999"):
                use()


def test_an_older_catalog_is_refused_with_what_to_run(url: str, catalog: Catalog) -> None:
    store_revision(url, "0000")
    with Catalog(url) as other, pytest.raises(SpecError, match=r"older .* Run `millrace up`"):
        other.check()


def test_tables_of_another_program_are_not_touched(url: str) -> None:
    with Database(url).connection(write=True) as connection:
        connection.execute(text("CREATE TABLE runs (x integer)"))
    with (
        Catalog(url) as catalog,
        pytest.raises(SpecError, match=r"received runs\. Give the catalog"),
    ):
        catalog.migrate()


def test_a_database_shared_with_airflow_is_fine(url: str) -> None:
    with Database(url).connection(write=True) as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num varchar(32))"))
    with Catalog(url) as catalog:
        catalog.migrate()
        assert catalog.runs.latest() == []


def test_a_folder_with_a_percent_sign_is_fine(tmp_path: Path) -> None:
    catalog = Catalog(f"sqlite:///{tmp_path / 'a%b' / 'c.db'}")
    catalog.migrate()
    assert catalog.runs.latest() == []


def test_opening_a_migrated_catalog_does_not_import_alembic(catalog: Catalog, url: str) -> None:
    code = (
        "import sys, millrace.catalog; assert 'sqlalchemy' not in sys.modules\n"
        "from millrace.catalog.catalog import Catalog\n"
        f"c = Catalog({url!r}); c.migrate(); c.runs.latest()\n"
        "heavy = {'alembic', 'numpy', 'pandas', 'pyarrow'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    environment = {"PYTHONPATH": str(FOLDER.parents[1])}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
