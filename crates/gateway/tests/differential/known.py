"""Differences that are known, each with a sentence why it is not mended."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Known:
    why: str
    witness: str = ""
    mode: str = ""
    place: str = ""
    trick: str = ""
    text: str = ""

    def explains(self, plan, witness, text):
        return (
            (not self.witness or self.witness == witness)
            and (not self.mode or self.mode == plan.mode)
            and (not self.place or self.place == plan.place)
            and (not self.trick or self.trick in plan.tricks)
            and self.text in text
        )


KNOWN = []
