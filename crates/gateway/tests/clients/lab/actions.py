"""Actions: what a client does, by name."""


class Missing(Exception):
    """Something that a module needs is not installed."""


class Action:
    def __init__(self, function, refused, whole):
        self.name = function.__name__.replace("_", " ")
        self.function = function
        self.refused = refused
        self.whole = whole


def action(function=None, *, refused=None, whole=False):
    """Marks a function as an action: it takes a `Run` and returns something that is the same behind the gate.

    `refused` is the rule by which the gate refuses it by default; it has to pass with the setting that the event names.
    `whole` leaves it out of the sample.
    """

    def mark(function):
        function.action = Action(function, refused, whole)
        return function

    return mark(function) if function else mark


def actions_of(module):
    """The actions of a module, in the order in which they are written."""
    return [value.action for value in vars(module).values() if hasattr(value, "action")]
