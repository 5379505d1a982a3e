import dataclasses
from html.parser import HTMLParser

from terrakin.views.gallery import gallery_html
from terrakin.views.page import worst_page, write_worst_page


class Seen(HTMLParser):
    """What a browser would see: elements with their attributes, and text."""

    VOID = ("img", "meta")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def roles(self) -> list[str | None]:
        return [attrs["class"] for tag, attrs in self.elements if tag == "figure"]


def harmless(html: str) -> Seen:
    """Nothing runs, nothing is fetched, and every element is closed."""
    seen = Seen(html)
    assert seen.open == []
    assert {tag for tag, _ in seen.elements} <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "section"),
        *("div", "figure", "img", "figcaption", "span"),
    }
    for _, attrs in seen.elements:
        assert not any(name.startswith("on") or name == "href" for name in attrs)
        assert attrs.get("src", "data:image/jpeg;base64,").startswith("data:image/jpeg;base64,")
    return seen


def test_a_gallery_shows_query_and_hits(ranking):
    seen = harmless(gallery_html(dataclasses.replace(ranking, labels=("harbor",))))
    same, other, unknown = "tk-same", "tk-other", "tk-unknown"
    assert seen.roles() == ["tk-query", same, same, other, other, unknown, same, other, other]
    assert sum(tag == "img" for tag, _ in seen.elements) == 8
    assert "no thumbnail" in seen.text
    assert "✓ 1 · 0.0000" in seen.text
    assert "demo.tk · cosine, 4 dimensions · where cloud < 0.9" in seen.text


def test_a_gallery_without_labels_does_not_judge(ranking):
    assert set(harmless(gallery_html(ranking)).roles()) == {"tk-query", "tk-unknown"}


def test_no_hits_are_said(ranking):
    assert "No hits." in harmless(gallery_html(dataclasses.replace(ranking, hits=()))).text


def test_hostile_text_stays_text(ranking):
    everywhere = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    hit = dataclasses.replace(ranking.hits[0], id=everywhere, labels=(everywhere,))
    nasty = dataclasses.replace(
        ranking, archive=everywhere, query=everywhere, filter=everywhere, hits=(hit,), labels=(everywhere,)
    )
    html = gallery_html(nasty)
    seen = harmless(html)
    assert "<script" not in html
    assert everywhere in seen.text
    assert ("title", everywhere) in [pair for tag, attrs in seen.elements if tag == "figure" for pair in attrs.items()]


def test_the_page_of_worst_queries_judges_by_relevance(report, ranking):
    thumbnails = {"river/<b>9.tif": ranking.thumbnail, "river/2.tif": ranking.hits[0].thumbnail}
    seen = harmless(worst_page(report, thumbnails, title="demo & co"))
    assert seen.roles() == ["tk-query", "tk-other", "tk-other", "tk-same", "tk-other"]
    assert sum(tag == "img" for tag, _ in seen.elements) == 2
    assert "river/<b>9.tif" in seen.text
    assert "average precision 0.012, 1 of the first 4 hits relevant" in seen.text
    assert "demo & co: worst queries" in seen.text
    assert any("protocol loo · 600 queries" in text for text in seen.text)


def test_the_page_may_fetch_nothing(report):
    metas = [attrs for tag, attrs in harmless(worst_page(report, {}, title="t")).elements if tag == "meta"]
    assert {
        "http-equiv": "Content-Security-Policy",
        "content": "default-src 'none'; img-src data:; style-src 'unsafe-inline'",
    } in metas


def test_a_page_without_queries_says_so(tmp_path, report):
    write_worst_page(tmp_path / "worst.html", dataclasses.replace(report, worst=()), {}, title="t")
    assert "No query was evaluated." in (tmp_path / "worst.html").read_text(encoding="utf-8")
