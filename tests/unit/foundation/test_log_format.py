import asyncio
import io
import json
import logging

from vpp.foundation.log_format import LogFormat, json_formatter, log_about, log_handler


def logger_to(log_format: LogFormat) -> tuple[logging.Logger, io.StringIO]:
    stream = io.StringIO()
    logger = logging.Logger("vpp.x", logging.INFO)  # noqa: LOG001  of its own, below no other
    logger.addHandler(log_handler(stream, log_format))
    return logger, stream


def oh() -> None:
    raise ValueError("oh")


def test_a_line_of_text_ends_with_what_it_is_about() -> None:
    logger, stream = logger_to("text")
    logger.info("%d late", 3, extra={"event": "events/e", "unknown": "u"})
    line = stream.getvalue().strip()
    assert line.endswith("INFO vpp.x: 3 late [event=events/e]")
    assert line[10] == "T"
    assert line[23] == "Z"


def test_what_a_caller_says_is_no_line_of_its_own() -> None:
    logger, stream = logger_to("text")
    forged = "2026-03-02T12:00:00.000Z INFO vpp.audit: all is well"
    logger.warning("refused: %s", f"no\n{forged}\r\x1b[2J\u2028\x85", extra={"site": f"sites/a\n{forged}"})
    try:
        raise ValueError(f"oh\n{forged}")  # noqa: TRY301  what a caller's words end up in
    except ValueError:
        logger.exception("failed")
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith(f"[site=sites/a\\n{forged}]")
    assert "\x1b" not in lines[0]
    assert sum(line.startswith("20") for line in lines) == 2  # the two that were logged
    assert lines[-2:] == ["  ValueError: oh", f"  {forged}"]


def test_a_line_of_json_has_its_fields_and_its_exception() -> None:
    logger, stream = logger_to("json")
    try:
        oh()
    except ValueError:
        logger.exception("failed", extra={"site": "sites/ü"})
    line = json.loads(stream.getvalue())
    assert (line["level"], line["logger"], line["message"], line["site"]) == (
        "ERROR",
        "vpp.x",
        "failed",
        "sites/ü",
    )
    assert line["exception"].endswith("ValueError: oh")
    assert line["time"].endswith("+00:00")
    assert stream.getvalue().count("\n") == 1


async def test_a_task_says_once_what_its_lines_are_about() -> None:
    logger, stream = logger_to("json")

    async def work(site: str) -> None:
        log_about(site=site)
        await asyncio.create_task(inner())

    async def inner() -> None:
        logger.info("here")

    await asyncio.gather(work("sites/a"), work("sites/b"))
    logger.info("outside")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line.get("site") for line in lines] == ["sites/a", "sites/b", None]


def test_what_a_line_says_itself_goes_before() -> None:
    logger, stream = logger_to("json")

    async def work() -> None:
        log_about(site="sites/a")
        logger.info("other", extra={"site": "sites/b"})

    asyncio.run(work())
    assert json.loads(stream.getvalue())["site"] == "sites/b"


def test_json_stays_on_one_line() -> None:
    record = logging.makeLogRecord({"msg": "two\nlines", "levelname": "INFO", "name": "vpp"})
    assert "\n" not in json_formatter().format(record)
