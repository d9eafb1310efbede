"""A person at work: the page in a real browser."""

import functools
import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

import keras_vabc as kv

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian's chromium)")
RATIO = 4.5  # of contrast, by WCAG 2.2, AA
CONTRASTS = """() => {
  const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const numbers = (colour) => colour.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (own) => {
    for (; own; own = own.parentElement) {
      const colour = numbers(getComputedStyle(own).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const texts = [...document.querySelectorAll("body *")].filter((own) =>
    own.checkVisibility() && [...own.childNodes].some((n) => n.nodeType === 3 && n.data.trim()));
  return texts.map((own) => {
    const [a, b] = [light(numbers(getComputedStyle(own).color)), light(ground(own))];
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), own.textContent.trim()];
  });
}"""


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tool:
        # Chromium's own sandbox does not start as root, as in most containers.
        own = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield own
        own.close()


@pytest.fixture
def served(pictures, tmp_path):
    """A run on pictures, and the server of its page."""
    shutil.copytree(pictures / "run", tmp_path / "run", ignore=shutil.ignore_patterns("review.db*"))
    server = kv.review(tmp_path / "run", browser=False)
    yield server
    server.stop()


def visited(browser, server, width=1280, **options):
    """A page of the server in a window of that width, and the errors of its scripts."""
    page = browser.new_context(viewport={"width": width, "height": 800}, **options).new_page()
    page.set_default_timeout(60_000)
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: said.type == "error" and faults.append(said.text))
    page.goto(server.url)
    page.wait_for_selector(".cell")
    return page, faults


def until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    assert holds()


def codes(server):
    server.desk.state.refresh()
    return server.desk.state.codes


def told(page):
    return page.locator("#told").inner_text()


def test_a_review_by_the_keyboard_alone(browser, served, tmp_path):
    page, faults = visited(browser, served)
    desk = served.desk
    top, random = desk.items.top.tolist(), desk.random.tolist()
    assert "token" not in page.url and page.locator("#grid").evaluate(
        "own => own === document.activeElement"
    )
    assert page.locator(".cell.blurred").count() >= 1  # suspicious ones
    first = page.locator("#place-0")
    if "blurred" in first.get_attribute("class"):
        page.keyboard.press("v")
        assert "blurred" not in first.get_attribute("class")
    before = page.locator("#grid").evaluate("own => own.scrollTop")
    for key in ("u", "u", "k", "ArrowRight", "u", "z"):
        page.keyboard.press(key)
    until(lambda: codes(served)[top[:5]].tolist() == [1, 1, 2, 0, 0] and codes(served).sum() == 4)
    assert "blurred" in first.get_attribute("class") and "unwanted" in first.inner_text()
    assert page.locator("#grid").evaluate("own => own.scrollTop") == before  # nothing moved
    until(lambda: "3 of 120 reviewed: at least 2 unwanted" in told(page))
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Review 100 random ones").click()
    until(lambda: page.locator("#shown").input_value() == "random")
    until(lambda: page.locator("#place-0").evaluate("own => own.number") == random[0])
    page.locator("#grid").press("Home")
    page.keyboard.press(" ")
    until(lambda: (codes(served)[random[:100]] > 0).all())
    until(lambda: "reviewed in random order)" in told(page))
    assert codes(served)[top[:3]].tolist() == [1, 1, 2] and (codes(served) == 1).sum() == 2
    page.keyboard.press("End")
    assert page.locator("#grid").get_attribute("aria-activedescendant") == "place-119"
    page.keyboard.press("n")
    until(lambda: "nearest to item" in page.locator("#shown option:checked").inner_text())
    until(lambda: page.locator("#place-0").evaluate("own => own.number") == random[119])
    with page.expect_download() as download:
        page.get_by_role("link", name="Export decisions").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert lines[0] == "id,decision,order" and len(lines) == 1 + (codes(served) > 0).sum()
    assert not faults


def test_two_browsers_see_what_the_other_decides(browser, served):
    (one, faults), (two, more) = visited(browser, served), visited(browser, served)
    one.keyboard.press("u")
    until(lambda: "unwanted" in two.locator("#place-0").inner_text())
    two.keyboard.press(" ")
    until(lambda: "keep" in one.locator("#place-1").inner_text())
    assert "unwanted" in one.locator("#place-0").inner_text() and not faults + more


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_narrow_window_and_can_be_read(browser, served, scheme):
    page, faults = visited(browser, served, width=400, color_scheme=scheme)
    page.keyboard.press("u")
    page.keyboard.press("k")
    until(lambda: (codes(served) > 0).sum() == 2)
    until(lambda: "2 of 120" in told(page))
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width == 400
    poor = [own for own in page.evaluate(CONTRASTS) if own[0] < RATIO]
    assert not poor and not faults
    for button in page.get_by_role("button").all():
        box = button.bounding_box()
        assert box["height"] >= 24 and box["x"] + box["width"] <= 400


def test_a_hundred_thousand_items_scroll_and_are_jumped_in(browser, served):
    """The same page, whose server says that there are as many; pictures repeat."""
    count, asked = 100_000, []
    page, faults = visited(browser, served)
    order = np.arange(count, dtype="<i4")[::-1].tobytes()
    own = {"order": order, "scores": bytes(4 * count), "codes": bytes(count)}

    def answer(name, route):
        headers = {"X-Line": "0"}
        route.fulfill(body=own[name], content_type="application/octet-stream", headers=headers)

    for name in own:
        page.route(f"**/api/{name}*", functools.partial(answer, name))
    picture = page.request.get(f"http://127.0.0.1:{served.port}/api/picture/0").body()
    page.route(
        "**/api/picture/*",
        lambda route: (
            asked.append(route.request.url),
            route.fulfill(body=picture, content_type="image/png"),
        ),
    )
    page.reload()
    page.wait_for_selector("#place-0")
    page.keyboard.press("End")
    assert page.locator(f"#place-{count - 1}").is_visible()
    page.locator("#place").fill("50001")
    page.locator("#place").press("Enter")
    page.wait_for_selector("#place-50000")
    assert page.locator("#grid").get_attribute("aria-activedescendant") == "place-50000"
    assert page.locator("#place-50000").evaluate("own => own.number") == count - 1 - 50_000
    assert page.locator(".cell").count() < 200
    took = page.evaluate("""async () => {
      const grid = document.querySelector("#grid"), times = [];
      for (let step = 0; step < 60; step++) {
        grid.scrollTop += 900;
        const start = performance.now();
        grid.dispatchEvent(new Event("scroll"));
        times.push(performance.now() - start);
        await new Promise(requestAnimationFrame);
      }
      return times.sort((a, b) => a - b)[30];
    }""")
    assert took < 50, json.dumps(took)  # ms of 16 a frame, on a machine that does other work
    assert len(asked) < 2000 and not faults


@pytest.mark.parametrize("data", ["pictures", "table"])
def test_the_other_pages_show_what_the_server_says(browser, request, tmp_path, data):
    run = request.getfixturevalue(data) / "run"
    shutil.copytree(run, tmp_path / "run", ignore=shutil.ignore_patterns("review.db*"))
    server = kv.review(tmp_path / "run", browser=False)
    page, faults = visited(browser, server)
    what = "img" if data == "pictures" else ".texts b"
    page.click("text=Samples")
    page.wait_for_selector(f"#samples figure {what}")
    accepted = page.locator("#acceptance").inner_text()
    assert "accepted" in accepted
    page.click("text=Retrain")
    page.wait_for_selector("#progress:has-text('Nothing is decided yet.')")
    page.click("text=Overview")
    page.wait_for_selector("section h2")
    assert page.locator(".table[tabindex='0']").count() > 0
    assert not faults
    server.stop()
