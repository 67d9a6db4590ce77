"""A trait: what is measured of a picture, in words, as a record that files can hold.

An attribute is a trait and the function that measures it; a card of labels keeps the trait alone, so that it says what
it is about wherever the function is not. Words are in every language of `languages.LANGUAGES`: what is left out is
said in English, and in English by the name. Those of the attributes that come with this package are in
`words/attributes.json`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ganatomy.languages import LANGUAGES, Language, Words


@dataclass(frozen=True)
class Trait:
    """What is measured of a picture, in words.

    Attributes:
        name: one word, as it is typed: "yaw".
        title: for people, by language: {"en": "turn of the head", "zh": ...}.
        unit: of the number: "degrees".
        group: traits of one group are one meaning in a label: "pose" of yaw, pitch and roll.
        source: where the number comes from: a formula and who stated it, a model and who made it.
        more: what having more of it is, by language: {"en": "to the picture's right", "zh": ...}.
        less: what having less of it is.

    >>> age = Trait("age", {"zh": "年龄"}, "years", "age", "", {"en": "older"}, {})
    >>> age.title["en"], age.title["zh"], age.more["zh"], age.less["zh"]
    ('age', '年龄', 'older', 'less age')
    >>> Trait(**age.to_dict()) == age
    True
    """

    name: str
    title: Mapping[str, str]
    unit: str
    group: str
    source: str
    more: Mapping[str, str]
    less: Mapping[str, str]

    def __post_init__(self) -> None:
        absent = {"title": self.name, "more": f"more {self.name}", "less": f"less {self.name}"}
        for key, text in absent.items():
            given: Mapping[str, str] = getattr(self, key)
            english = given.get("en", text)
            object.__setattr__(self, key, {**dict.fromkeys(LANGUAGES, english), **given})

    def label(self, language: Language = "en") -> str:
        """Name the trait as a label does: by its title, or by group and name where the title has neither word.

        >>> described("yaw", "degrees", "pose", "").label(), described("hair-length", "", "hair length", "").label()
        ('pose (yaw)', 'hair length')
        """
        said = self.title["en"].casefold()
        term = "-" not in self.name and self.name.casefold() not in said and self.group.casefold() not in said
        return f"{self.group} ({self.name})" if term and language == "en" else self.title[language]

    def to_dict(self) -> dict[str, Any]:
        """Turn it into what JSON can hold; `Trait(**...)` makes it again."""
        return asdict(self)


def described(name: str, unit: str, group: str, source: str) -> Trait:
    """Make the trait of an attribute that comes with this package: its words are in `words/attributes.json`.

    >>> described("smile", "", "expression", "").less["en"]
    'corners of the mouth down'
    """
    tables = {language: Words(language, "attributes") for language in LANGUAGES}
    said = {key: {language: words(f"{name}.{key}") for language, words in tables.items()} for key in _SAID}
    return Trait(name, said["title"], unit, group, source, said["more"], said["less"])


_SAID = ("title", "more", "less")
