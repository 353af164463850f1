"""The pytest plugin, as a suite of somebody else's meets it."""

from __future__ import annotations

import json
import re
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tradepit import Tradepit

MODULE = "tradepit.pytest_plugin"
USUAL = ("-p", "no:cacheprovider", "-p", MODULE)
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other plugins than these: they take their time, and this one may be installed or not."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture(scope="module")
def server() -> Iterator[Tradepit]:
    """One that runs already, so that not every suite here starts its own."""
    with Tradepit(market="empty") as found:
        yield found


class Suite:
    """A suite in a folder of its own, run against the module's server."""

    def __init__(self, pytester: pytest.Pytester, url: str) -> None:
        self.pytester = pytester
        self.url = url

    def run(self, text: str, *flags: str, ini: str = "") -> pytest.RunResult:
        self.pytester.makeini("[pytest]\n" + ini)
        self.pytester.makepyfile(text)
        return self.pytester.runpytest_inprocess(*USUAL, f"--pit-url={self.url}", *flags)


@pytest.fixture
def suite(pytester: pytest.Pytester, server: Tradepit) -> Suite:
    return Suite(pytester, server.rest_url)


def shown(result: pytest.RunResult, name: str) -> str:
    """What a suite printed behind a name."""
    (line,) = [line for line in result.outlines if line.startswith(name + " ")]
    return line.removeprefix(name + " ")


def test_it_is_declared_for_pytest() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"tradepit": MODULE}


# --- Whom it must not disturb --------------------------------------------------------------------


def test_who_does_not_ask_pays_nothing(pytester: pytest.Pytester) -> None:
    """No server, no module but the plugin itself."""
    pytester.makepyfile("""
        import sys

        def test_nothing():
            own = sorted(name for name in sys.modules if name.startswith("tradepit"))
            assert own == ["tradepit", "tradepit.pytest_plugin"]
            assert "http.client" not in sys.modules
    """)
    result = pytester.runpytest_subprocess(*USUAL)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*tradepit*")


def test_fixtures_and_options_tell_what_they_are(suite: Suite) -> None:
    suite.run("", "--fixtures").stdout.fnmatch_lines(
        ["pit_clock -- *", "*stands still until the test moves it.*"]
    )
    suite.run("", "--help").stdout.fnmatch_lines(
        ["*--pit-seed=SEED*", "*--pit-url=URL*", "*pit_market (string):*"]
    )
    suite.run("", "--markers").stdout.fnmatch_lines(["@pytest.mark.pit(seed=*, market=*"])


# --- A world for each test -----------------------------------------------------------------------


def test_each_test_has_a_world_of_its_own(suite: Suite, server: Tradepit) -> None:
    result = suite.run("""
        import pytest

        @pytest.mark.parametrize("turn", range(3))
        def test_it_is_fresh(pit, pit_alice, pit_bob, pit_clock, pit_faults, pit_accounts, turn):
            assert pit_clock.now_ms == 1735689600000 and pit_clock.speed == 0
            assert pit_alice.open_orders() == [] == list(pit_faults)
            assert pit.market("BTCUSDT").bid > 0, "and liquid"
            assert len(pit.market("BTCUSDT").depth(500)["bids"]) > 150
            assert list(pit_accounts) == ["alice", "bob", "carol", "dave", "erin"]
            print(f"\\nhash{turn}", pit.state_hash)
            pit_alice.sell("BTCUSDT", 1, round(float(pit.market("BTCUSDT").ask) * 2))
            pit_bob.give("USDT", 5)
            pit_faults.add("drop-before", times=0, account="carol")
            pit_clock.advance("1h")
    """, "-s")  # fmt: skip
    result.assert_outcomes(passed=3)
    hashes = {shown(result, f"hash{turn}") for turn in range(3)}
    assert len(hashes) == 1, "all were the same to the byte"
    assert [row["name"] for row in server.worlds()] == ["main"], "nothing is left behind"


def test_what_a_world_is_made_of(suite: Suite) -> None:
    """The nearest marker says, or the command line, or the ini file."""
    suite.run("""
        import pytest

        pytestmark = pytest.mark.pit(market="frozen", accounts=["gina"], limits="off")

        def row(pit):
            (found,) = [row for row in pit.worlds() if row["url"] == pit.rest_url]
            return found["seed"], found["market"], found["symbols"], found["limits"]

        @pytest.mark.pit(symbols=["LTCUSDT"], seed=9, time="2024-02-29T12:00", speed=60)
        class TestMarked:
            @pytest.mark.pit(market="thin", accounts=())
            def test_nearest(self, pit, pit_accounts, pit_clock):
                assert row(pit) == (9, "thin", 1, "off") and "gina" not in pit_accounts
                assert pit_clock.now.isoformat() >= "2024-02-29T12:00" and pit_clock.speed == 60

        def test_others(pit, pit_accounts):
            assert row(pit) == (5, "frozen", 2, "off")
            assert pit_accounts["gina"].balance("USDT").free > 1000
    """, "--pit-seed=5", "--pit-symbols=BTCUSDT,ADAUSDT",
        ini="pit_seed = 4\npit_market = empty\npit_symbols = ETHUSDT\n",
    ).assert_outcomes(passed=2)  # fmt: skip


def test_defaults_of_an_ini_file(suite: Suite) -> None:
    suite.run("""
        import time

        def test_it(pit, pit_clock):
            assert abs(pit_clock.now_ms / 1000 - time.time()) < 30 and pit_clock.speed == 1
            (row,) = [row for row in pit.worlds() if row["url"] == pit.rest_url]
            assert (row["symbols"], row["market"], row["accounts"]) == (3, "calm", 7)
    """, ini="""
pit_market = calm
pit_symbols = BTCUSDT ETHUSDT ETHBTC
pit_time = now
pit_speed = 1
pit_accounts = gina hugo
""").assert_outcomes(passed=1)  # fmt: skip


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ("pit(sed=1)", "*pit('sed'): there is seed, market,*"),
        ("pit(1)", "*a value without a name*"),
        ("pit(market='lively')", "*exchange cannot be made*-1130*market*"),
        ("pit(symbols=['BTCUSD'])", "*exchange cannot be made*no symbol 'BTCUSD'*"),
        ("pit(time='yesterday')", "*exchange cannot be made*isoformat*"),
    ],
)
def test_wrong_markers_are_told_in_words(suite: Suite, marker: str, words: str) -> None:
    result = suite.run(f"""
        import pytest

        @pytest.mark.{marker}
        def test_it(pit):
            pass
    """)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([words])


def test_a_fresh_world_takes_milliseconds(suite: Suite) -> None:
    """The least of eight, so that other work on the machine does not count. The figure is in
    docs/performance.md; here it may be five times as much."""
    result = suite.run("""
        import pytest

        @pytest.mark.parametrize("turn", range(8))
        def test_it(pit, turn):
            pass
    """, "--durations=0", "-vv")  # fmt: skip
    found = re.findall(r"^([0-9.]+)s setup", result.stdout.str(), re.MULTILINE)
    assert len(found) == 8
    assert min(map(float, found)) < 0.25, found


# --- Servers of its own --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["process", "thread"])
def test_a_session_starts_its_server_when_one_asks(pytester: pytest.Pytester, kind: str) -> None:
    """Counted are threads that serve; those of other tests' servers may be there, too."""
    others = sum(one.name == "tradepit" for one in threading.enumerate())
    pytester.makeini(
        "[pytest]\npit_symbols = BTCUSDT\n"
        f"pit_server = {kind}\npit_settings =\n    timestamps = world\n    limits=off\n"
    )
    pytester.makepyfile(f"""
        import threading
        import time
        import pytest
        from tradepit import Refused

        def test_it(pit, pit_alice, pytestconfig):
            assert pit.info["timestamps"] == "world" and pit_alice.balance("USDT").free > 0
            with pytest.raises(Refused) as refused:
                pit_alice.call("GET /api/v3/account", timestamp=int(time.time() * 1000))
            assert refused.value.code == -1021, "the wall's time is none of this world's"
            serving = [one for one in threading.enumerate() if one.name == "tradepit"]
            assert len(serving) == {others + (kind == "thread")}
    """)
    pytester.runpytest_inprocess(*USUAL).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("ini", "words"),
    [
        ("pit_server = docker", "*pit_server = docker: expected process or thread*"),
        ("pit_settings = fast", "*'fast' is not NAME=VALUE*"),
        ("pit_settings = fast=1", "*no setting 'fast'*"),
        ("pit_settings = keep_mb=much", "*keep_mb*expected a whole number*"),
    ],
)
def test_wrong_settings_are_told_in_words(pytester: pytest.Pytester, ini: str, words: str) -> None:
    pytester.makeini("[pytest]\n" + ini)
    pytester.makepyfile("def test_it(pit): pass")
    result = pytester.runpytest_inprocess(*USUAL)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([words])


def test_workers_of_xdist_do_not_meet(suite: Suite, server: Tradepit) -> None:
    """Two of them in one server; all play the seed that was drawn for the session."""
    result = suite.run("""
        import pytest

        @pytest.mark.parametrize("turn", range(6))
        def test_it(pit, pit_alice, turn, testrun_uid, worker_id):
            assert pit_alice.open_orders() == []
            pit_alice.buy("BTCUSDT", 1, 90_000)
            with open(f"seen-{turn}", "w") as file:
                print(worker_id, pit.info["seed"], file=file)
    """, "-n2", "--pit-seed=random", "--pit-symbols=BTCUSDT", "-p", "xdist")  # fmt: skip
    result.assert_outcomes(passed=6)
    seen = [path.read_text().split() for path in suite.pytester.path.glob("seen-*")]
    assert {worker for worker, _ in seen} == {"gw0", "gw1"}
    (seed,) = {seed for _, seed in seen}
    assert int(seed) > 0
    assert len(server.worlds()) == 1


# --- What a failure tells ------------------------------------------------------------------------

FAILS = """
    import pytest

    @pytest.mark.pit(symbols=["BTCUSDT"], market="empty")
    def test_it(pit, pit_alice, pit_clock):
        pit_clock.advance("90s")
        pit_alice.buy("BTCUSDT", "0.00000001", 50_000)
"""


def test_a_failure_tells_how_to_have_it_again(suite: Suite, server: Tradepit) -> None:
    result = suite.run(FAILS, "--pit-seed=77", "--showlocals")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([
        '>       pit_alice.buy("BTCUSDT", "0.00000001", 50_000)',
        "*Refused: POST /api/v3/order: 400, -1013: Filter failure: LOT_SIZE*",
        "*- tradepit -*",
        "exchange   seed=77 market=empty symbols=BTCUSDT time=2025-01-01T00:00:00 speed=0*",
        "again      pytest *test_a_failure_tells_how_to_have_it_again.py::test_it --pit-seed=77",
        "its time   2025-01-01T00:01:30+00:00",
        "It refused 1:",
        "  POST /api/v3/order  alice  400 -1013 Filter failure: LOT_SIZE",
        "      asked   *quantity=0.00000001*",
        "      reason  *",
    ])  # fmt: skip
    text = result.stdout.str()
    for key, secret in server.keys.values():
        assert key not in text and secret not in text
    assert not re.search(r"signature=[0-9a-f]", text)
    assert "tradepit/embed" not in text, "the traceback ends in the test"
    assert "pit_alice = <Account alice>" in text
    again = shown(result, "again").split()[1:]
    rerun = suite.pytester.runpytest_inprocess(*USUAL, f"--pit-url={suite.url}", *again)
    assert shown(rerun, "exchange") == shown(result, "exchange")


def test_what_did_not_refuse_says_so_and_passing_is_silent(suite: Suite) -> None:
    result = suite.run("""
        def test_passes(pit):
            pass

        def test_without():
            assert 0

        def test_fails(pit):
            assert 0
    """, "-rA")  # fmt: skip
    result.assert_outcomes(passed=1, failed=2)
    assert len(re.findall(r"^-+ tradepit -+$", result.stdout.str(), re.MULTILINE)) == 1
    result.stdout.fnmatch_lines(["again      pytest *::test_fails", "It refused nothing."])


def test_a_drawn_seed_is_told(suite: Suite) -> None:
    result = suite.run("def test_it(pit): assert 0", "--pit-seed=random")
    (seed,) = re.findall(r"--pit-seed=([0-9]+)", result.stdout.str())
    assert f"exchange   seed={seed} " in result.stdout.str()


def test_a_server_that_is_gone_is_told(suite: Suite) -> None:
    with Tradepit(market="empty", symbols=["BTCUSDT"]) as gone:
        suite.url = gone.rest_url
        facts = {"pit": "stop"}
        result = None
        suite.pytester.makeconftest(f"FACTS = {json.dumps(facts)}")
        import tests.plugin.test_plugin as here

        here.GONE = gone  # type: ignore[attr-defined]
        result = suite.run("""
            def test_it(pit):
                from tests.plugin.test_plugin import GONE
                GONE.stop()
                assert 0
        """)  # fmt: skip
    result.stdout.fnmatch_lines(["The exchange does not answer any more: *"])
