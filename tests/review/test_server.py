"""What the server gives, to whom, and what it stores."""

import io
import re
import shutil
import socket
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from drawn_images import discs
from fastapi.testclient import TestClient
from PIL import Image

import keras_vabc as kv
from keras_vabc.review.access import HEADERS, MOST_BODY
from keras_vabc.review.app import create_app
from keras_vabc.review.decisions import Decisions
from keras_vabc.review.desk import Desk
from keras_vabc.review.serving import Server
from keras_vabc.review.state import State

TOKEN = "t" * 43
PORT = 8421
ADDRESS = f"http://127.0.0.1:{PORT}"
ME = "0a" * 8


def copied(folder, to):
    """A run without decisions, on the data where they were."""
    shutil.copytree(folder / "run", to / "run", ignore=shutil.ignore_patterns("review.db*"))
    return kv.open_run(to / "run")


@pytest.fixture(scope="module")
def picture_desk(pictures, tmp_path_factory):
    own = Desk(copied(pictures, tmp_path_factory.mktemp("copy")))
    yield own
    own.close()


@pytest.fixture(scope="module")
def rows_desk(table, tmp_path_factory):
    own = Desk(copied(table, tmp_path_factory.mktemp("copy")))
    yield own
    own.close()


def emptied(desk):
    """The same desk, on which nothing was decided yet."""
    desk.log.close()
    for path in desk.run.folder.glob("review.db*"):
        path.unlink()
    desk.log = Decisions(desk.run.folder, desk.run.record.id, desk.run.record.settings.seed)
    desk.state = State(desk.items, desk.log)
    return desk


@pytest.fixture
def desk(picture_desk):
    return emptied(picture_desk)


@pytest.fixture
def table_desk(rows_desk):
    return emptied(rows_desk)


def client(desk, visited=True):
    own = TestClient(create_app(desk, TOKEN, PORT), base_url=ADDRESS, follow_redirects=False)
    if visited:
        assert own.get(f"/?token={TOKEN}").status_code == 200
    return own


@pytest.fixture
def page(desk):
    return client(desk)


def numbers(answer, dtype="<i4"):
    assert answer.status_code == 200, answer.text
    return np.frombuffer(answer.content, dtype)


def step(which, decision="unwanted", shown="top", place=0, **more):
    own = {"browser": ME, "numbers": list(which), "decision": decision}
    return own | {"shown": shown, "place": place} | more


def files_of(folder):
    return {path.name for path in folder.iterdir()} - {".lock"}


# Access


def test_without_the_token_nothing_is_given(desk):
    for address in ("/", "/review", "/api/scores", "/api/picture/0", "/static/grid.js", "/x"):
        for query in ("", "?token=", "?token=wrong", f"?token={TOKEN}x", "?token=%00é"):
            assert client(desk, visited=False).get(f"{address}{query}").status_code == 403
    stranger = client(desk, visited=False)
    assert stranger.post("/api/decide", json=step([0])).status_code == 403
    stranger.cookies.set(f"keras-vabc-{PORT}", "wrong")
    assert stranger.get("/api/scores").status_code == 403
    # A token in the address makes a cookie, and is no way around it.
    assert stranger.post(f"/api/decide?token={TOKEN}", json=step([0])).status_code == 403
    assert desk.log.after(0) == []


def test_the_token_becomes_a_cookie_that_scripts_and_other_sites_do_not_get(desk):
    own = client(desk, visited=False)
    answer = own.get(f"/?token={TOKEN}", headers={"Sec-Fetch-Site": "cross-site"})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and f"-{PORT}=" in cookie
    assert TOKEN not in answer.text and "/review" in answer.text
    assert own.get("/review").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": f"evil.example:{PORT}"},
        {"Host": "127.0.0.1:1"},
        {"Host": "127.0.0.1"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8888"},
        {"Origin": f"http://localhost:{PORT}"},  # not what this request calls the server
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},  # another port of this computer
    ],
)
def test_another_site_cannot_use_the_browser_that_has_the_cookie(page, desk, headers):
    assert page.post("/api/decide", json=step([0]), headers=headers).status_code == 403
    assert page.get("/api/picture/0", headers=headers).status_code == 403
    assert desk.log.after(0) == []


def test_our_own_pages_may(page, desk):
    for name in ("127.0.0.1", "localhost"):
        own = {"Host": f"{name}:{PORT}", "Origin": f"http://{name}:{PORT}"}
        own["Sec-Fetch-Site"] = "same-origin"
        assert page.post("/api/decide", json=step([0]), headers=own).status_code == 200
    assert len(desk.log.after(0)) == 2


def test_every_answer_says_that_nothing_is_kept_or_framed_or_loaded_from_elsewhere(page):
    refused = page.get("/review", headers={"Host": "evil.example"})
    for answer in (page.get("/review"), page.get("/api/picture/0"), page.get("/x"), refused):
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
    assert "default-src 'none'" in HEADERS["Content-Security-Policy"]
    for address in ("/review", "/static/review.js", "/static/grid.js", "/static/review.css"):
        text = page.get(address).text
        assert not re.search(r"https?://|//[a-z0-9-]+\.[a-z]", text), address
        assert " style=" not in text and "<script>" not in text


@pytest.mark.parametrize(
    "address",
    [
        "/api/picture/../../../../etc/passwd",
        "/api/picture/..%2f..%2f..%2fetc%2fpasswd",
        "/api/picture/%2fetc%2fpasswd",
        "/api/picture/000.png",
        "/api/picture/-1",
        "/api/picture/120",
        f"/api/picture/{10**30}",
        "/api/picture/1.5",
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2fapp.py",
        "/static/app.py",
        "/static/review.js%00.css",
        "/run.json",
        "/run/review.db",
        "/docs",
        "/openapi.json",
        "/api/rows?numbers=0",  # of pictures there are none
        "/api/order?near=-1",
        "/api/order?near=120",
    ],
)
def test_no_address_leads_to_a_file(page, address):
    answer = page.get(address)
    assert answer.status_code in (404, 422), answer.text
    assert "root:" not in answer.text and "import" not in answer.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"numbers": []},
        {"numbers": [-1]},
        {"numbers": [120]},
        {"numbers": [10**30]},
        {"numbers": ["../x"]},
        {"numbers": list(range(101))},
        {"decision": "maybe"},
        {"shown": "sideways"},
        {"place": -1},
        {"place": 10**30},
        {"browser": "'; drop table log; --"},
        {"browser": "a" * 33},
    ],
)
def test_a_step_that_makes_no_sense_is_refused_whole(page, desk, wrong):
    answer = page.post("/api/decide", json=step([0, 1]) | wrong)
    assert answer.status_code in (404, 422) and desk.log.after(0) == []


def test_a_request_that_is_too_large_is_refused(page, desk):
    body = b" " * MOST_BODY + b"{}"
    kind = {"Content-Type": "application/json"}
    assert page.post("/api/decide", content=body, headers=kind).status_code == 413
    assert page.post("/api/decide", content=iter([body]), headers=kind).status_code >= 400
    odd = kind | {"Content-Length": "-5"}
    assert page.post("/api/decide", content=b"{}", headers=odd).status_code == 413


# Items and decisions


def test_the_order_is_that_of_scores_and_filters_leave_out(page, desk):
    scores = numbers(page.get("/api/scores"), "<f4")
    order = numbers(page.get("/api/order"))
    assert (np.diff(scores[order]) <= 0).all() and sorted(order) == list(range(120))
    middle = float(scores[order[50]])
    above = numbers(page.get("/api/order", params={"low": middle}))
    assert above.tolist() == [n for n in order if scores[n] >= scores[order[50]]]
    below = numbers(page.get("/api/order", params={"high": middle}))
    assert below.tolist() == [n for n in order if scores[n] <= scores[order[50]]]
    page.post("/api/decide", json=step(order[:3].tolist()))
    page.post("/api/decide", json=step(order[3:5].tolist(), "keep"))
    for seen, own in (("seen", order[:5]), ("unwanted", order[:3]), ("keep", order[3:5])):
        assert numbers(page.get("/api/order", params={"seen": seen})).tolist() == own.tolist()
    unseen = numbers(page.get("/api/order", params={"seen": "unseen", "shown": "random"}))
    assert len(unseen) == 115 and not set(order[:5]) & set(unseen)
    assert [n for n in desk.random if n in set(unseen)] == unseen.tolist()


def test_the_nearest_of_a_disc_are_discs(page):
    near = numbers(page.get("/api/order", params={"near": 110}))
    assert near[0] == 110 and (near[1:6] >= 108).sum() >= 3  # of 12 among 120


def test_a_picture_is_that_of_the_file(page, pictures):
    for number in (0, 119):
        answer = page.get(f"/api/picture/{number}")
        shown = np.asarray(Image.open(io.BytesIO(answer.content)))
        drawn = np.asarray(Image.open(pictures / "unlabeled" / f"{number:03d}.png"))
        np.testing.assert_array_equal(shown, drawn)


def test_decisions_are_stored_and_told(page, desk, pictures):
    order = desk.items.top.tolist()
    answer = page.post("/api/decide", json=step(order[:1], place=0)).json()
    assert answer["changes"] == [[order[0], 1]]
    more = page.post("/api/decide", json=step(order[:4], "keep", rest=True)).json()
    assert dict(more["changes"]) == {order[0]: 1} | dict.fromkeys(order[1:4], 2)
    assert page.get("/api/told").json()[0] == "4 of 120 reviewed: at least 1 unwanted"
    assert page.get(f"/api/changes?after={more['line']}").json()["changes"] == []
    undone = page.post("/api/undo", json={"browser": ME, "after": more["line"]}).json()
    assert dict(undone["changes"]) == {order[0]: 1} | dict.fromkeys(order[1:4], 0)
    codes = page.get("/api/codes")
    assert numbers(codes, "u1").sum() == 1 and codes.headers["X-Line"] == str(undone["line"])
    stored = [own.decision for own in desk.log.after(0) if own.decision]
    assert [(own.shown, own.place) for own in stored] == [("top", 0)] + [
        ("top", p) for p in range(4)
    ]


def test_decisions_are_exported_as_training_reads_them(page, desk):
    first, second = desk.random[:2].tolist()
    later = int(desk.random[50])  # behind others that are left out
    page.post("/api/decide", json=step([5, 119]))
    page.post("/api/decide", json=step([first, second], "keep", "random", rest=True))
    page.post("/api/decide", json=step([later], "keep", "random", 50))
    lines = page.get("/api/reviewed.csv").text.splitlines()
    assert lines[0] == "id,decision,order"
    expected = {"005.png,unwanted,top", "119.png,unwanted,top"}
    expected |= {f"{first:03d}.png,keep,random", f"{second:03d}.png,keep,random"}
    expected |= {f"{later:03d}.png,keep,top"}
    assert len({first, second, later, 5, 119}) == 5
    assert expected == set(lines[1:])


def test_fifty_requests_at_once_are_all_stored(desk):
    pages = [client(desk) for _ in range(50)]
    answers = [None] * 50

    def decide(number):
        own = step([number, number + 50], browser=f"{number:08d}")
        answers[number] = pages[number].post("/api/decide", json=own).status_code

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 50
    codes = numbers(pages[0].get("/api/codes"), "u1")
    assert (codes[:100] == 1).all() and not codes[100:].any()
    assert len({own.step for own in desk.log.after(0)}) == 50


def test_reviewing_leaves_decisions_in_the_folder_of_the_run_and_nothing_else(pictures, tmp_path):
    run = copied(pictures, tmp_path)
    before = files_of(tmp_path / "run")
    own = Desk(run)
    page = client(own)
    for number in range(120):
        page.get(f"/api/picture/{number}")
    page.post("/api/decide", json=step([3]))
    own.close()
    assert files_of(tmp_path / "run") - before == {"review.db"}
    stored = (tmp_path / "run" / "review.db").read_bytes()
    assert b"PNG" not in stored and b"003.png" in stored
    again = Desk(kv.open_run(tmp_path / "run"))  # a run with decisions is still one
    assert again.state.codes[3] == 1 and again.state.codes.sum() == 1
    again.close()


def test_what_is_unwanted_is_blurred_unless_asked_for(desk):
    above = desk.items.scores > 0.5
    assert [desk.is_blurred(n) for n in range(120)] == above.tolist() and above.any()
    wanted, suspicious = int(np.argmin(above)), int(np.argmax(above))
    desk.state.decide(ME, [wanted], "unwanted", "top", 0)
    desk.state.decide(ME, [suspicious], "keep", "top", 0)
    assert desk.is_blurred(wanted) and not desk.is_blurred(suspicious)
    record = desk.run.record
    desk.run.set_threshold(0.5)
    assert desk.blurred_above == min(0.5, desk.run.threshold)
    desk.run.record = record
    desk.show_unwanted = True
    assert not desk.is_blurred(wanted) and desk.blurred_above == np.inf
    desk.show_unwanted = False


# Tables


def test_rows_are_shown_as_they_stand_and_what_speaks_against_them_is_marked(table_desk):
    page = client(table_desk)
    order = numbers(page.get("/api/order"))
    first = [int(n) for n in order[:5]]
    rows = page.get(f"/api/rows?numbers={','.join(map(str, first))}").json()
    lines = [line.split(",") for line in _lines(table_desk)]
    assert [own["cells"] for own in rows] == [lines[1 + n] for n in first]
    assert lines[0] == table_desk.rows.names
    marked = [lines[0][own["marked"][0]] for own in rows if own["marked"]]
    assert len(marked) == 5 and set(marked) == {"age"}
    last = page.get(f"/api/rows?numbers={order[-1]}").json()[0]
    assert "age" not in [lines[0][place] for place in last["marked"]]
    for wrong in ("x", "-1", "230", "1,,2", "1;2"):
        assert page.get("/api/rows", params={"numbers": wrong}).status_code in (404, 422)


def _lines(desk):
    return Path(desk.run.record.data.unlabeled).read_text().splitlines()


def test_rows_of_a_table_with_ids_are_exported_by_their_numbers(table_desk):
    page = client(table_desk)
    first = int(table_desk.random[0])
    page.post("/api/decide", json=step([first], "keep", "random"))
    text = page.get("/api/reviewed.csv").text
    assert text.splitlines() == ["row,decision,order", f"{first},keep,random"]


def test_a_table_of_other_rows_is_reviewed_too(table, tmp_path):
    lines = (table / "unwanted.csv").read_text().splitlines()
    (tmp_path / "new.csv").write_text("\n".join(lines[:11]) + "\n")
    own = Desk(copied(table, tmp_path), str(tmp_path / "new.csv"))
    assert len(own.items) == 10 and not own.is_unlabeled
    assert "of 10 are unwanted, by the mean of P(negative | x)" in own.told()[-1]
    own.close()


# What changed meanwhile


def test_a_picture_that_vanished_or_changed_is_one_clear_line(pictures, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(pictures / "unlabeled", data)
    own = Desk(copied(pictures, tmp_path), str(data))
    page = client(own)
    (data / "000.png").unlink()
    shutil.copy(data / "002.png", data / "001.png")
    (data / "002.png").write_bytes(b"no picture")
    (data / "003.png").unlink()
    (data / "003.png").symlink_to("/etc/passwd")
    shutil.copy(data / "004.png", tmp_path / "same.png")
    (data / "004.png").unlink()
    (data / "004.png").symlink_to(tmp_path / "same.png")
    for number in range(5):
        answer = page.get(f"/api/picture/{number}")
        assert answer.status_code == 410
        said = "is another picture than it was." if number == 1 else "cannot be read any more."
        assert answer.json()["detail"] == f"{number:03d}.png {said}"
    assert page.post("/api/decide", json=step([0])).status_code == 200  # it can still be decided
    own.close()


def test_decisions_hold_where_the_data_moved(pictures, tmp_path):
    run = copied(pictures, tmp_path)
    own = Desk(run)
    own.state.decide(ME, [4, 9], "unwanted", "top", 0)
    own.close()
    shutil.copytree(pictures / "unlabeled", tmp_path / "moved")
    Image.fromarray(discs(1, np.random.default_rng(1))[0, ..., 0]).save(
        tmp_path / "moved" / "004.png"
    )
    (tmp_path / "moved" / "000.png").unlink()
    again = Desk(run, str(tmp_path / "moved"))
    assert [again.items.ids[n] for n in np.flatnonzero(again.state.codes)] == ["009.png"]
    again.close()


def test_data_that_are_gone_are_one_line_that_says_what_to_do(pictures, tmp_path):
    run = copied(pictures, tmp_path)
    (tmp_path / "here").mkdir()
    gone = str(tmp_path / "gone")
    places = run.record.data.__class__(gone, gone, 0.2)
    run.record = run.record.__class__(**{**vars(run.record), "data": places})
    with pytest.raises(FileNotFoundError, match="if it moved, --input names its place") as caught:
        Desk(run)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="input must be a folder with images"):
        Desk(run, str(tmp_path / "here"))
    Desk(run, str(pictures / "unlabeled")).close()


# The server itself


def test_the_next_free_port_is_taken(desk):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        server = Server(desk, taken)
        try:
            assert server.asked == taken < server.port <= taken + 100
            assert f"http://127.0.0.1:{server.port}/?token=" in server.url
        finally:
            server._socket.close()


def test_it_serves_this_computer_alone_and_ends(pictures, tmp_path):
    import httpx2 as httpx

    run = copied(pictures, tmp_path)
    server = kv.review(run, browser=False)
    try:
        assert server._socket.getsockname()[0] == "127.0.0.1"
        with httpx.Client() as browser:
            assert browser.get(server.url).status_code == 200
            assert browser.get(f"http://127.0.0.1:{server.port}/review").status_code == 200
        assert len({kv.review.__name__, repr(server)}) == 2 and server.url in repr(server)
    finally:
        server.stop()
    time.sleep(0.1)
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_an_overview_shows_what_the_report_shows(page):
    text = page.get("/overview").text
    for title in ("Data", "Training", "Samples", "Scores"):
        assert f"<h2>{title}</h2>" in text
    assert text.count("data:image/png;base64,") == 4


# Samples


def test_samples_are_those_of_the_run_with_what_its_guard_rejects(page, desk):
    told = page.get("/api/samples?seed=3").json()
    assert len(told["values"]) == 1000 and told["limit"] == desk.run.record.recipe.guard
    accepted = [n for n, value in enumerate(told["values"]) if value <= told["limit"]]
    for sample, number in zip(desk.run.sample(3, seed=3), accepted[:3], strict=True):
        answer = page.get(f"/api/sample/3/{number}")
        shown = np.asarray(Image.open(io.BytesIO(answer.content)))
        np.testing.assert_array_equal(shown, sample[..., 0])
    value, low, high = told["acceptance"][900]
    assert (value, round(low, 4), round(high, 4)) == (0.9, 0.8798, 0.9171)  # Wilson's


def test_beside_a_sample_is_the_training_item_nearest_to_it(page, desk):
    found = page.get("/api/nearest?seed=3&numbers=0,5").json()
    held_out = desk.run.held_out("unlabeled", desk.items.digests)
    assert held_out.any() and not any(held_out[own["number"]] for own in found)
    rows = np.stack([np.asarray(Image.open(p)) for p in _files(desk)])[~held_out].astype(float)
    sample = np.asarray(Image.open(io.BytesIO(page.get("/api/sample/3/5").content)))
    distances = ((rows - sample) ** 2).sum(axis=(1, 2))
    own = desk.training_items.tolist().index(found[1]["number"])
    assert (distances < distances[own]).mean() < 0.25  # nearest of those of near latents


def _files(desk):
    return sorted(Path(desk.run.record.data.unlabeled).iterdir())


@pytest.mark.parametrize(
    "address",
    [
        "/api/samples?seed=-1",
        f"/api/samples?seed={10**30}",
        "/api/sample/3/1000",
        "/api/sample/3/-1",
        f"/api/sample/{10**30}/0",
        "/api/sample/3/..%2f0",
        "/api/nearest?seed=3&numbers=1000",
        "/api/nearest?seed=3&numbers=x",
        "/api/sample-rows?numbers=1",  # of pictures there are none
    ],
)
def test_there_are_no_other_samples(page, address):
    assert page.get(address).status_code in (404, 422)


def test_samples_of_a_table_are_rows(table_desk):
    page = client(table_desk)
    rows = page.get("/api/sample-rows?seed=3&numbers=0,1").json()
    assert len(rows) == 2 and all(own[1] in ("red", "green", "blue") for own in rows)
    found = page.get("/api/nearest?seed=3&numbers=0,1").json()
    assert all(own["number"] in table_desk.training_items for own in found)
    assert "age" in page.get("/samples").text


def test_other_data_have_no_training_items(pictures, tmp_path):
    own = Desk(copied(pictures, tmp_path), str(pictures / "unwanted"))
    page = client(own)
    assert page.get("/api/nearest?numbers=0").json() == [None]
    assert "without --input" in page.get("/samples").text
    own.close()
