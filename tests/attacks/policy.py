"""What a page of ours may do: only its own scripts and styles act, and nothing is loaded from elsewhere."""

import base64
import hashlib
import re
from html.parser import HTMLParser

_NOTHING = {"default-src": ["'none'"], "base-uri": ["'none'"], "form-action": ["'none'"]}


class _Page(HTMLParser):
    """Collects scripts and styles, the policy, and what would act or be loaded."""

    def __init__(self):
        super().__init__()
        self.policies, self.own, self.acting, self.loaded, self._inside = [], [], [], [], None

    def handle_starttag(self, tag, attributes):
        held = {name: value or "" for name, value in attributes}
        if held.get("http-equiv", "").lower() == "content-security-policy":
            assert not self.own, "the policy stands behind what it is for"
            self.policies.append(held["content"])
        self.acting += [name for name in held if name.startswith("on") or name == "style"]
        self.acting += [value for value in held.values() if re.match(r"\s*(java|vb)script:", value, re.IGNORECASE)]
        self.acting += [tag] * (tag in ("iframe", "object", "embed", "base"))
        self.loaded += [held[name] for name in ("src", "poster") if name in held]
        if tag in ("script", "style"):
            assert not held, (tag, held)
            self._inside = (tag, [])

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        if self._inside:
            self._inside[1].append(data)

    def handle_endtag(self, tag):
        if self._inside and tag == self._inside[0]:
            self.own.append((tag, "".join(self._inside[1])))
            self._inside = None


def guarded(html: str, *, files: bool = False) -> None:
    """See that a page has one policy, which allows its scripts and styles by their hashes, and nothing else.

    Args:
        html: the page.
        files: whether it shows pictures and films that stand beside it.
    """
    page = _Page()
    page.feed(html)
    page.close()
    [policy] = page.policies
    rules = {name: sources for name, *sources in (rule.split() for rule in policy.split(";"))}
    beside = ["'self'", "file:"] if files else []
    assert {name: rules.pop(name) for name in _NOTHING} == _NOTHING
    assert rules.pop("img-src") == [*beside, "data:"]
    assert rules.pop("media-src") == (beside or ["data:"])
    for kind in ("script", "style"):
        texts = dict.fromkeys(text for tag, text in page.own if tag == kind)
        digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
        assert rules.pop(f"{kind}-src") == ([f"'sha256-{digest}'" for digest in digests] or ["'none'"]), kind
    assert not rules
    assert not page.acting
    assert files or all(address.startswith("data:") for address in page.loaded)
    assert not [address for address in page.loaded if "://" in address]
